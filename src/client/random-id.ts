/** Ids of commands and streams: 21 characters of `[A-Za-z0-9_-]`, 126 random bits. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-'

export function randomId(): string {
  let id = ''
  for (const byte of crypto.getRandomValues(new Uint8Array(21))) id += ALPHABET[byte & 63]
  return id
}
