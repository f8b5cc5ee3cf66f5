/**
 * Everything that asks a program to end in order: signals, its terminal closed, the program that started it gone.
 *
 * A closed window comes as SIGHUP to some shells' children and as nothing at all to others (a shell made by `su -`), so
 * the terminal itself is looked at too. `npm` ends without a word to what it runs when it is killed.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { isatty } from 'node:tty'

export type StopReason = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'terminal-closed' | 'npm-ended' | 'stdin-ended'

/** Reasons that come from somebody who may be asking a second time because the end takes too long. */
export const isByHand = (reason: StopReason): boolean => reason === 'SIGINT' || reason === 'SIGTERM'

interface StopSettings {
  /** The program was started by another, which holds the other end of its standard input open for as long as it lives. */
  readonly untilStdinEnds?: boolean
  /** npm runs this program, in a shell that goes first when npm is ended. */
  readonly startedByNpm?: boolean
  /** SIGHUP while the terminal is there, or where there never was one, means something else to this program. */
  readonly hangupIsNoStop?: boolean
}

const LOOK_EVERY_MS = 500
let exitsInOrder = false

/** Calls `stop` whenever one of them asks; more than one may. Output: ends the listening. */
export function onStopAsked(stop: (reason: StopReason) => void, settings: StopSettings = {}): () => void {
  const terminal = new Terminal()
  if (!exitsInOrder) process.once('exit', () => terminal.letGo())
  exitsInOrder = true
  const parentAtStart = process.ppid
  const heard: readonly (readonly ['SIGINT' | 'SIGTERM' | 'SIGHUP', () => void])[] = [
    ['SIGINT', () => stop('SIGINT')],
    ['SIGTERM', () => stop('SIGTERM')],
    [
      'SIGHUP',
      () => {
        if (settings.hangupIsNoStop !== true || terminal.hasHungUp()) stop('SIGHUP')
      },
    ],
  ]
  for (const [signal, listener] of heard) process.on(signal, listener)

  const look = setInterval(() => {
    const reason = terminal.isClosed()
      ? 'terminal-closed'
      : settings.startedByNpm === true && process.ppid !== parentAtStart
        ? 'npm-ended'
        : null
    if (reason === null) return
    clearInterval(look)
    stop(reason)
  }, LOOK_EVERY_MS).unref()

  const stdinEnded = () => stop('stdin-ended')
  if (settings.untilStdinEnds === true) {
    for (const event of ['end', 'error'] as const) process.stdin.once(event, stdinEnded)
    // What comes is thrown away; only its end means something.
    process.stdin.resume()
  }
  return () => {
    for (const [signal, listener] of heard) process.off(signal, listener)
    clearInterval(look)
    if (settings.untilStdinEnds !== true) return
    for (const event of ['end', 'error'] as const) process.stdin.off(event, stdinEnded)
    process.stdin.pause()
  }
}

/** The terminal in which a program was started, if it was. */
class Terminal {
  /** Standard streams that were a terminal; once that is closed, none of them says any more that it is one. */
  readonly #streams = [0, 1, 2].filter(fd => isatty(fd))
  readonly #wasControlled = hasControllingTerminal()

  /** A program with all its streams elsewhere may be meant to outlive the window, so this does not ask for more. */
  isClosed(): boolean {
    return this.#streams.some(fd => !isatty(fd))
  }

  /** Node sets the terminal's mode back as it exits, and aborts, with a core file, where a closed one refuses that. */
  letGo(): void {
    for (const fd of this.#streams) {
      if (isatty(fd)) continue
      closeSync(fd)
      // The lowest free number is the one that was just closed.
      openSync('/dev/null', 'r+')
    }
  }

  /** As `isClosed`, asked when SIGHUP has come. */
  hasHungUp(): boolean {
    return this.isClosed() || (this.#wasControlled && !hasControllingTerminal())
  }
}

function hasControllingTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK))
    return true
  } catch {
    return false
  }
}
