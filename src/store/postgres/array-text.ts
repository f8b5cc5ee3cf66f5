/**
 * Columns of a statement as the text of a Postgres array. pg makes it, too, but looks at each element anew and escapes it by two
 * regular expressions: a seventh of all that the engine allocated for a command (bench/README.md, `journal`).
 */

export function arrayText(values: readonly (string | number | boolean | null)[]): string {
  let text = ''
  for (const value of values) text += `${text === '' ? '{' : ','}${elementText(value)}`
  return text === '' ? '{}' : `${text}}`
}

/** Of texts in JSON as `JSON.stringify` writes it: all that it would escape in them, an array escapes alike. */
export function arrayTextOfJson(texts: readonly string[]): string {
  return `{${texts.map(text => JSON.stringify(text)).join(',')}}`
}

const ESCAPED = /["\\]/g

function elementText(value: string | number | boolean | null): string {
  if (value === null) return 'NULL'
  return typeof value === 'string' ? `"${value.replace(ESCAPED, '\\$&')}"` : String(value)
}
