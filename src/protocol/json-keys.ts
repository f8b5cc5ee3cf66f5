/** Whether a JSON text gives a key of one of its objects twice, which a parser does not tell. */

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g

/** Input: a text that has been parsed. Output: the first key that an object has twice, or null. */
export function repeatedKey(text: string): string | null {
  const open: (Set<string> | null)[] = []
  let last = ''
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(null)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':') {
      const key = JSON.parse(last) as string
      const keys = open.at(-1)!
      if (keys?.has(key)) return key
      keys?.add(key)
    } else last = token
  }
  return null
}
