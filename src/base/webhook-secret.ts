/**
 * The secrets that a webhook's messages are signed with, as their owner writes them: `whsec_` and 24 to 64 bytes in base64. Two of
 * them, the new one and the former one, sign each message twice, so that a receiver changes from one to the other when it likes.
 */

const SECRETS_MAX = 2
const BYTES_MIN = 24
const BYTES_MAX = 64

/** Null for what is not one or two secrets with blanks or line breaks between. */
export function webhookSecretsIn(text: string): readonly Buffer[] | null {
  const words = text.split(/\s+/).filter(word => word !== '')
  if (words.length === 0 || words.length > SECRETS_MAX) return null
  const secrets = words.map(word => Buffer.from(/^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(word)?.[1] ?? '', 'base64'))
  return secrets.every(({ length }) => length >= BYTES_MIN && length <= BYTES_MAX) ? secrets : null
}

/** The end of the sentence "it must be …". */
export const WEBHOOK_SECRET = 'whsec_ and 24 to 64 bytes in base64, or two of these with a blank between'
