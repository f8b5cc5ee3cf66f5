/**
 * What ends a command before it is done: a signal, its terminal closed, an answer that nobody takes any more.
 *
 * A command that has a database under it ends in order then, since the Postgres that it started would outlive it unseen.
 * The next signal ends it at once.
 */
import { constants } from 'node:os'
import { onStopAsked, type StopReason } from '../process/stop-asked.ts'

const EXIT_FAILED = 1

/** A command was ended before it was done. `message` is empty where there is nothing to say, or nobody to say it to. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly exitCode: number

  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}

let interruptCurrent: ((reason: Interrupted) => void) | null = null

/** Runs `work`, which gets a way to stop waiting for something. Errors: those of `work`; Interrupted, out of that wait. */
export async function interruptible<T>(
  work: (unlessInterrupted: <Part>(part: Promise<Part>) => Promise<Part>) => Promise<T>,
): Promise<T> {
  let interrupt!: (reason: Interrupted) => void
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = reject
  })
  // It may come while nobody waits.
  interrupted.catch(() => undefined)
  const listenNoMore = onStopAsked(reason => {
    listenNoMore()
    interrupt(new Interrupted('', 128 + constants.signals[signalOf(reason)]))
  })
  interruptCurrent = interrupt
  try {
    return await work(part => Promise.race([part, interrupted]))
  } finally {
    interruptCurrent = null
    listenNoMore()
  }
}

/** Standard output takes no more. A reader such as `head` has seen enough; a full disk has not got the answer. */
export function outputFailed(error: NodeJS.ErrnoException): void {
  const reason =
    error.code === 'EPIPE'
      ? new Interrupted('', 0)
      : new Interrupted(`The answer could not be written to standard output (${error.code}).`, EXIT_FAILED)
  if (interruptCurrent !== null) return interruptCurrent(reason)
  if (reason.message !== '') process.stderr.write(`error: ${reason.message}\n`)
  process.exit(reason.exitCode)
}

const signalOf = (reason: StopReason): 'SIGINT' | 'SIGTERM' | 'SIGHUP' =>
  reason === 'SIGINT' || reason === 'SIGTERM' ? reason : 'SIGHUP'
