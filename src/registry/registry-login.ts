import { RemoteError } from '../runtime/errors.ts'

/** User and password of a registry, for twelve hours. */
export interface RegistryLogin {
  readonly host: string
  readonly user: string
  readonly password: string
  readonly expiresAt: Date
}

/** `user:password` in base64, as Docker's configuration and the header of a request write it. */
export function basicAuth({ user, password }: Pick<RegistryLogin, 'user' | 'password'>): string {
  return Buffer.from(`${user}:${password}`).toString('base64')
}

/** An authorization token as ECR gives it: `user:password` in base64. */
export interface AuthorizationToken {
  readonly token: string | undefined
  readonly expiresAt: Date | undefined
}

/** The login that a token holds. Password and token are masked before it is returned. Throws RemoteError for one that holds none. */
export function readLogin(
  { token = '', expiresAt = new Date(0) }: AuthorizationToken,
  host: string,
  mask: (secret: string) => void,
): RegistryLogin {
  const [user = '', ...rest] = Buffer.from(token, 'base64').toString('utf8').split(':')
  const login = { host, user, password: rest.join(':'), expiresAt }
  if (user === '' || login.password === '') {
    throw new RemoteError('ecr-login', 'ECR gave no usable authorization token.', { todo: 'Run the job again.' })
  }
  for (const secret of new Set([login.password, token, basicAuth(login)])) mask(secret)
  return login
}
