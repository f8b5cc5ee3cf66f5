/** The numbers of a policy one by one, as they are typed: spans in seconds, shares in hundredths, modes as words. */
import { POLICY_RANGES, type Policy } from '../../client/index.ts'
import { o } from './office-strings.ts'

/** `orderWarnMs.1`, or `roundsMax`. */
export type NumberPath = string
export type PolicyValue = number | string

const WHOLE: Readonly<Record<string, readonly string[]>> = {
  mode: ['ordered', 'offered'],
  arrivals: ['off', 'suggest', 'automatic'],
  whenNoneFree: ['wait', 'send-lower', 'nearest-trained'],
}

/** Every number and mode by its path. */
export function numbersOf(policy: Policy): ReadonlyMap<NumberPath, PolicyValue> {
  return new Map(
    Object.entries(policy).flatMap(([name, value]: [string, unknown]) =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).map(([part, each]): [string, PolicyValue] => [`${name}.${part}`, each as PolicyValue])
        : [[name, value as PolicyValue] as [string, PolicyValue]],
    ),
  )
}

/** The policy with other numbers in their places. */
export function policyWith(policy: Policy, numbers: ReadonlyMap<NumberPath, PolicyValue | null>): object {
  const whole: Record<string, unknown> = { ...policy }
  for (const [path, value] of numbers) {
    const [name, part] = path.split('.') as [string, string | undefined]
    whole[name] = part === undefined ? value : { ...(whole[name] as object), [part]: value }
  }
  return whole
}

/** What may be chosen; undefined for a number. */
export const choicesOf = (path: NumberPath): readonly string[] | undefined => WHOLE[path.split('.')[0]!]

const isSpan = (path: NumberPath): boolean => path.split('.')[0]!.endsWith('Ms')

export function unitSign(path: NumberPath): string {
  const name = path.split('.')[0]!
  if (isSpan(path)) return 's'
  if (name.endsWith('Percent')) return '%'
  if (name.endsWith('Mps')) return 'm/s'
  return name.endsWith('M') ? 'm' : ''
}

/** As it stands in its field. */
export const typedNumber = (path: NumberPath, value: PolicyValue): string =>
  typeof value === 'number' && isSpan(path) ? String(value / 1_000) : String(value)

/** Null for what is no number. */
export function readNumber(path: NumberPath, typed: string): PolicyValue | null {
  if (choicesOf(path) !== undefined) return typed
  const value = typed.trim() === '' ? Number.NaN : Number(typed.trim().replace(',', '.'))
  if (Number.isNaN(value)) return null
  return isSpan(path) ? Math.round(value * 1_000) : value
}

/** With its unit, for a sentence. */
export function spokenNumber(path: NumberPath, value: PolicyValue): string {
  const choice = choicesOf(path) === undefined ? undefined : o.policy.choices[String(value)]
  if (choice !== undefined) return choice
  const unit = unitSign(path)
  return `${typedNumber(path, value)}${unit === '' ? '' : ` ${unit}`}`
}

/** From where to where it may go; empty for a mode. */
export function rangeOf(path: NumberPath): string {
  const range = (POLICY_RANGES as Readonly<Record<string, readonly [number, number]>>)[path.split('.')[0]!]
  if (range === undefined) return ''
  const [from, to] = range.map(each => typedNumber(path, each)) as [string, string]
  return o.policy.range(from, to, unitSign(path))
}

/** The part of a group as people call it. */
export function partName(path: NumberPath): string {
  const [name, part] = path.split('.') as [string, string | undefined]
  if (part === undefined) return ''
  if (/^\d$/.test(part)) return name === 'alarmEscalateMs' ? o.policy.severity(part) : o.policy.priority(part)
  return o.policy.parts[part] ?? part
}

/** The paths at which two policies differ. */
export function pathsChanged(a: Policy, b: Policy): NumberPath[] {
  const former = numbersOf(a)
  return [...numbersOf(b)].filter(([path, value]) => former.get(path) !== value).map(([path]) => path)
}
