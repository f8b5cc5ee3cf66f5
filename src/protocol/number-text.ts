/** Numbers that come as texts, in a query, a table or a variable: read as in every JSON body. */

/** Besides the grammar of JSON (RFC 8259 §6), a plus and leading zeros, as spreadsheets write them. */
const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i

/** Output: finite, never -0; null for what is no number: empty, `NaN`, `0x10`, `.5`, or beyond the range of doubles. */
export function numberOfText(text: string): number | null {
  if (!NUMBER.test(text)) return null
  const value = Number(text)
  return Number.isFinite(value) ? value + 0 : null
}
