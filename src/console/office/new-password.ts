/**
 * A password for who has lost theirs: four groups of five letters and digits, some 100 bits, read and typed without mistakes.
 *
 * It is made here, so whoever sets it knows it even when the answer to the change is lost.
 */

/** Without those that look like another one: 32, so that each byte chooses evenly. */
const LETTERS = '23456789abcdefghijkmnpqrstuvwxyz'
const GROUPS = 4
const GROUP_LETTERS = 5

export function newPassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(GROUPS * GROUP_LETTERS))
  const letters = [...bytes].map(byte => LETTERS[byte & 31]!)
  return Array.from({ length: GROUPS }, (_, group) =>
    letters.slice(group * GROUP_LETTERS, (group + 1) * GROUP_LETTERS).join(''),
  ).join('-')
}
