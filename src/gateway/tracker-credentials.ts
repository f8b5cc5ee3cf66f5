/** The device key of a phone's tracker: such apps cannot send a bearer token, so their routes take it in other places too. */
import { DEVICE_KEY_PREFIX } from '../access/device-keys.ts'
import type { HttpCall } from './http.ts'
import type { CredentialForm } from './route.ts'

/** As the password of HTTP Basic; whatever the name. */
export const KEY_AS_PASSWORD: CredentialForm = {
  of: ({ authorization }) => passwordOf(authorization),
  says: 'Send the device key as the password of HTTP Basic; any user name will do.',
  challenge: 'Basic realm="goldenhour", charset="UTF-8"',
}

/** And as `?key=`, for apps whose settings have nothing but a URL. It is read here alone, and nobody writes it down. */
export const KEY_IN_QUERY: CredentialForm = {
  ...KEY_AS_PASSWORD,
  of: call => passwordOf(call.authorization) ?? keyIn(call),
  says: 'Send the device key as the password of HTTP Basic, or as ?key= where an app cannot.',
}

function passwordOf(authorization: string): string | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization)?.[1]
  if (encoded === undefined) return undefined
  const pair = Buffer.from(encoded, 'base64').toString('utf8')
  return deviceKey(pair.slice(pair.indexOf(':') + 1))
}

function keyIn({ query }: Pick<HttpCall, 'query'>): string | undefined {
  const key = query.get('key')
  return key === null ? undefined : deviceKey(key)
}

/** What is no device key, a person's token say, is as good as a wrong one: it has no business in such a place. */
const deviceKey = (shown: string): string => (shown.startsWith(DEVICE_KEY_PREFIX) ? shown : DEVICE_KEY_PREFIX)
