/** A moment of the past on the command line: a date, a moment with its zone, or so long back from now. */
import { InvalidArgumentError } from 'commander'

const MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Errors: InvalidArgumentError, with what to write. */
export function parseSince(value: string): Date {
  const [, count, unit] = /^([1-9]\d{0,5})([mhd])$/.exec(value) ?? []
  if (count !== undefined) return new Date(Date.now() - Number(count) * MS[unit as keyof typeof MS])
  const date = new Date(value)
  if (/^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(date.getTime())) return date
  throw new InvalidArgumentError('Write a date such as 2026-01-31, a moment with its zone, or 15m, 12h, 7d.')
}

export const daysBack = (days: number): Date => new Date(Date.now() - days * MS.d)
