/** Log lines as people read them at a terminal; programs get JSON. */

/** pino's numbers; what is ordinary needs no word. */
const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace ',
  20: 'debug ',
  40: 'warning ',
  50: 'error ',
  60: 'fatal ',
}
const LEFT_OUT: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'err'])

/**
 * One line of the log for people: the time of day here, how bad it is, what is said, and what was noted with it.
 *
 * Input: a line of JSON, with its newline. Output: a line, and those of an error's stack below it. What is no JSON stays.
 */
export function lineForPeople(line: string): string {
  const fields = fieldsOf(line)
  if (fields === null) return line
  const { level, time, msg, err } = fields
  const at = typeof time === 'number' ? clockTime(new Date(time)) : '--:--:--'
  const noted = Object.entries(fields)
    .filter(([name]) => !LEFT_OUT.has(name))
    .map(([name, value]) => ` ${name}=${valueText(value)}`)
  const stack = isRecord(err) && typeof err.stack === 'string' ? err.stack : null
  const below =
    stack === null
      ? ''
      : stack
          .split('\n')
          .map(each => `    ${plain(each)}\n`)
          .join('')
  return `${at} ${LEVELS[Number(level)] ?? ''}${plain(String(msg ?? ''))}${noted.join('')}\n${below}`
}

function fieldsOf(line: string): Record<string, unknown> | null {
  try {
    const fields: unknown = JSON.parse(line)
    return isRecord(fields) ? fields : null
  } catch {
    return null
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const clockTime = (at: Date): string =>
  [at.getHours(), at.getMinutes(), at.getSeconds()].map(part => String(part).padStart(2, '0')).join(':')

function valueText(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"'=]+$/.test(value)) return plain(value)
  if (typeof value === 'number') return String(Math.round(value * 1_000) / 1_000)
  return plain(JSON.stringify(value) ?? '')
}

/** Words of a stranger must not act on the terminal. */
const plain = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
