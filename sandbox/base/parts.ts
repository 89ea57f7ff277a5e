import type { Part } from '../provision/part.ts'
import { baseImagePart } from './base-image.ts'
import { wheelsPart } from './wheels.ts'

/** What image builds inside the platform need from the outside world. */
export const parts: readonly Part[] = [baseImagePart, wheelsPart]
