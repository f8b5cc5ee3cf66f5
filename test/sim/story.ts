/** The story of a run in lines that people read: all of it in a file, or the part that led to a violation. */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Happening } from './core/chronicle.ts'
import type { Violation } from './judge/verdict.ts'

/** How much of what came just before a violation is shown, whoever did it. */
const BEFORE_MS = 2 * 60_000
/** Lines of each kind that fit before a reader's eyes; how many were left out is said. */
const JUST_BEFORE_MAX = 60
const NAMED_MAX = 120
/** Whoever appears in nearly every line tells nothing by being named. */
const EVERYWHERE = new Set(['judge', 'database', 'network', 'world', 'faults'])
/** Units, ids of the region, and devices and people as the world numbers them. */
const NAME = /\b(?:[a-z0-9]+\.0\d{10,}|[A-Z]+\d+|[a-z]+-\d+)\b/g

export function lineOf({ atMs, who, what }: Happening): string {
  return `${timeOf(atMs)}  ${who.padEnd(10)}  ${what}`
}

/** Hours may pass 24: the world knows no days. */
export function timeOf(atMs: number): string {
  // The loop's steps lie between milliseconds.
  const whole = Math.floor(atMs)
  const part = (divisor: number, modulo: number, digits: number) =>
    String(Math.floor(whole / divisor) % modulo).padStart(digits, '0')
  const hours = String(Math.floor(whole / 3_600_000)).padStart(2, '0')
  return `${hours}:${part(60_000, 60, 2)}:${part(1_000, 60, 2)}.${part(1, 1_000, 3)}`
}

/** Writes the whole story: JSON lines when the name ends in `.json`, else text. Errors: those of the file. */
export async function writeStory(file: string, story: readonly Happening[]): Promise<void> {
  const asJson = file.endsWith('.json')
  const stream = createWriteStream(file)
  const ended = once(stream, 'close')
  for (const happening of story) {
    const line = asJson ? JSON.stringify(happening) : lineOf(happening)
    if (!stream.write(`${line}\n`)) await Promise.race([once(stream, 'drain'), ended])
  }
  stream.end()
  await ended
}

/** What led to a violation: the last minutes before it, and every line about those whom it names. */
export function passageOf(story: readonly Happening[], violation: Violation): string[] {
  const end = story.findLastIndex(({ atMs }) => atMs <= violation.atMs) + 1
  const names = namesIn(violation.text, story)
  const isJustBefore = ({ atMs }: Happening) => atMs >= violation.atMs - BEFORE_MS
  const isNamed = ({ who, what }: Happening) =>
    names.has(who) || (what.match(NAME)?.some(name => names.has(name)) ?? false)
  const chosen = new Set<number>()
  let justBefore = 0
  let named = 0
  // From the end: what is left out is what lies furthest back.
  for (let i = end - 1; i >= 0; i -= 1) {
    const happening = story[i]!
    if (isJustBefore(happening) && justBefore < JUST_BEFORE_MAX) justBefore += 1
    else if (isNamed(happening) && named < NAMED_MAX) named += 1
    else continue
    chosen.add(i)
  }
  const lines: string[] = []
  let leftOut = 0
  for (let i = 0; i < end; i += 1) {
    if (!chosen.has(i)) {
      leftOut += 1
      continue
    }
    if (leftOut > 0) lines.push(`    … ${leftOut} lines of others, or further back`)
    leftOut = 0
    lines.push(lineOf(story[i]!))
  }
  return lines
}

function namesIn(text: string, story: readonly Happening[]): ReadonlySet<string> {
  const names = new Set(text.match(NAME) ?? [])
  for (const { who } of story) if (!EVERYWHERE.has(who) && text.includes(who)) names.add(who)
  return names
}
