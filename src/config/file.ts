/** The configuration file: JSON whose keys are those of `Config`. */
import { readFileSync, statSync } from 'node:fs'
import { nearest } from './nearest.ts'
import { GROUPS, SETTINGS } from './settings.ts'

export interface FileValues {
  readonly values: ReadonlyMap<string, unknown>
  readonly problems: readonly string[]
}

const KEYS = SETTINGS.map(({ key }) => key)
const NO_VALUES: ReadonlyMap<string, unknown> = new Map()

export function readConfigFile(file: string): FileValues {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { values: NO_VALUES, problems: [`The file ${file} cannot be read (${code}); check its name and rights.`] }
  }
  let root: unknown
  try {
    root = JSON.parse(text)
  } catch (error) {
    // The parser's own message quotes the text around the mistake, and that may be a password.
    return { values: NO_VALUES, problems: [`The file ${file} must be JSON; look at line ${lineOf(error, text)}.`] }
  }
  if (!isGroup(root)) return { values: NO_VALUES, problems: [`The file ${file} must hold one JSON object.`] }
  const values = new Map<string, unknown>()
  const problems: string[] = []
  collect(root, '', file, values, problems)
  return { values, problems }
}

/** Whether others than the file's owner may read it; false where the system does not tell. */
export const isReadableByOthers = (file: string): boolean => hasMode(file, 0o044)

/** Whether others may read a file that its group may read, as keys of certificates often are, or change it. */
export const isOpenBeyondGroup = (file: string): boolean => hasMode(file, 0o026)

function hasMode(file: string, bits: number): boolean {
  try {
    return process.platform !== 'win32' && (statSync(file).mode & bits) !== 0
  } catch {
    return false
  }
}

function collect(
  group: Readonly<Record<string, unknown>>,
  prefix: string,
  file: string,
  values: Map<string, unknown>,
  problems: string[],
): void {
  for (const [name, value] of Object.entries(group)) {
    const key = `${prefix}${name}`
    if (KEYS.includes(key)) values.set(key, value)
    else if (!GROUPS.has(key)) {
      problems.push(`${key} in ${file} is not a setting; did you mean ${nearest(key, KEYS)}?`)
    } else if (isGroup(value)) collect(value, `${key}.`, file, values, problems)
    else if (value !== null) problems.push(`${key} in ${file} must be an object.`)
  }
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The line at which the parser stopped; at the end of the text it names none. */
function lineOf(error: unknown, text: string): number {
  const position = /position (\d+)/.exec(String(error))?.[1]
  return text.slice(0, position === undefined ? text.length : Number(position)).split('\n').length
}
