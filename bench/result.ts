/** The form in which every bench tells its result: the same as JSON and on the terminal. */
import type { Outcome } from './bench.ts'
import { type Machine, machine } from './machine.ts'

interface Result {
  readonly bench: string
  readonly valid: boolean
  readonly machine: Machine
  readonly settings: Readonly<Record<string, unknown>>
  readonly figures: Readonly<Record<string, number>>
}

/** Errors: TypeError for a figure that is no finite number: JSON would turn it into null unseen. */
export function resultOf(bench: string, { valid, settings, figures }: Outcome): Result {
  const rounded: Record<string, number> = {}
  for (const [name, figure] of Object.entries(figures)) {
    if (!Number.isFinite(figure)) throw new TypeError(`The figure ${name} is ${figure}.`)
    // Counts stay exact; what was measured has no more than four digits worth telling.
    rounded[name] = Number.isInteger(figure) ? figure : Number(figure.toPrecision(4))
  }
  return { bench, valid, machine: machine(), settings, figures: rounded }
}

export function printed({ bench, valid, machine: on, settings, figures }: Result): string {
  const told = Object.entries(settings).filter(([, value]) => value !== null && value !== undefined)
  const width = Math.max(0, ...Object.keys(figures).map(name => name.length)) + 2
  return [
    `${bench}: ${valid ? 'valid' : 'NOT VALID'}`,
    `  on ${on.cpu}, ${on.cores} cores, ${on.os}, Node ${on.node}`,
    `  with ${told.map(([name, value]) => `${name} ${value}`).join(', ')}`,
    ...Object.entries(figures).map(([name, figure]) => `  ${name.padEnd(width)}${figure}`),
  ].join('\n')
}
