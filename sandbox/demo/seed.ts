import { shopRuntime } from '../base/shop-runtime.ts'
import type { Platform } from '../platform.ts'

/** Namespace, Secret and database access: what the platform team has made before the sample's first release. */
export async function seedSample(platform: Platform): Promise<void> {
  const objects = shopRuntime('shop', platform.database)
  const input = objects.map(object => JSON.stringify(object)).join('\n')
  const { code, stderr } = await platform.enter('kubectl', ['apply', '-f', '-'], { input })
  if (code !== 0) throw new Error(`the namespace of the sample could not be made: ${stderr}`)
}
