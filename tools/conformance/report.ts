/** What was found, for people. */
import type { Verdicts } from './judge/verdicts.ts'

/** The place of each violation with its rule, then the rules that came up. Input: what the log is called. */
export function reportOf(verdicts: Verdicts, name: string): string {
  const { violations, exercised } = verdicts
  const lines = violations.map(
    ({ rule, by, line, text }) => `${name}:${line}: [${rule}] ${by === 'server' ? 'the server: ' : ''}${text}`,
  )
  const count = (by: string) => violations.filter(each => each.by === by).length
  const kept = exercised.filter(rule => !violations.some(each => each.rule === rule))
  lines.push(`Kept: ${kept.map(rule => `[${rule}]`).join(' ') || 'nothing came up'}`)
  lines.push(`${plural(count('client'))} by the client, ${count('server')} by the server.`)
  return lines.join('\n')
}

const plural = (count: number): string => (count === 1 ? '1 violation' : `${count} violations`)
