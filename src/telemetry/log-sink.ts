/**
 * Where lines leave the process: a file descriptor that may be full, slow or gone, and that nobody ever waits for.
 *
 * Lines that cannot be written now wait in memory, `WAITING_BYTES_MAX` of them at most. What finds no room is dropped and
 * counted, and one line tells the count once writing works again. An error is tried again every second, since a disk gets
 * room again; a reader that is behind, after some milliseconds. When the process exits, what waits gets a last short chance.
 */
import { constants, fstatSync, openSync, write, writeSync } from 'node:fs'
import { isatty } from 'node:tty'

export const WAITING_BYTES_MAX = 1024 * 1024
const CHUNK_BYTES_MAX = 64 * 1024
const RETRY_AFTER_ERROR_MS = 1_000
const RETRY_AFTER_FULL_MS = 20
/** How long the exit of the process waits for a reader that is behind. */
export const LAST_CHANCE_MS = 200

/** What the sink writes to. */
export interface SinkTarget {
  readonly fd: number
  /**
   * True for a file, whose writes may take long but come to an end: they run beside the loop. False for what answers at
   * once, by EAGAIN where it has no room; a write beside the loop could hang there, and the exit would wait for it.
   */
  readonly mayTakeLong: boolean
}

export class LogSink {
  readonly #target: SinkTarget
  #waiting: string[] = []
  /** Of `#waiting` and `#chunk`. */
  #waitingBytes = 0
  /** What is being written; its beginning may be out already. */
  #chunk: Buffer | null = null
  #inFlight = false
  #timer: NodeJS.Timeout | null = null
  #isFailing = false
  #dropped = 0
  #droppedUntold = 0
  #wakers: (() => void)[] = []

  constructor(target: SinkTarget) {
    this.#target = target
  }

  /** Lines that found no room, since the process began. */
  get dropped(): number {
    return this.#dropped
  }
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** Takes one line, with its newline. Never throws and never waits. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line)
    if (this.#waitingBytes + bytes > WAITING_BYTES_MAX) {
      this.#dropped += 1
      this.#droppedUntold += 1
      return
    }
    this.#waiting.push(line)
    this.#waitingBytes += bytes
    this.#pump()
  }

  /** Resolves when everything is out, when an error keeps it in, or after `limitMs`. */
  async settled(limitMs: number): Promise<void> {
    if (this.#waitingBytes === 0 || this.#isFailing) return
    await new Promise<void>(resolve => {
      const limit = setTimeout(resolve, limitMs)
      this.#wakers.push(() => {
        clearTimeout(limit)
        resolve()
      })
    })
  }

  /** For the exit of the process, in which nothing asynchronous happens any more: at most `LAST_CHANCE_MS`. */
  flushAtExit(): void {
    if (this.#inFlight) {
      // The thread that writes this chunk ends it; the process waits for that. What follows should stand behind it.
      pause(RETRY_AFTER_FULL_MS)
      this.#waitingBytes -= this.#chunk?.length ?? 0
      this.#chunk = null
    }
    for (const giveUpAtMs = performance.now() + LAST_CHANCE_MS; this.#nextChunk() !== null; ) {
      try {
        this.#out(writeSync(this.#target.fd, this.#chunk!))
      } catch (error) {
        if (!isFull(error) || performance.now() > giveUpAtMs) return
        pause(RETRY_AFTER_FULL_MS)
      }
    }
  }

  #pump(): void {
    while (this.#timer === null && !this.#inFlight) {
      const chunk = this.#nextChunk()
      if (chunk === null) return this.#wake()
      if (this.#target.mayTakeLong) {
        this.#inFlight = true
        write(this.#target.fd, chunk, (error, written) => {
          this.#inFlight = false
          if (error === null) this.#out(written)
          else this.#failed(error)
          this.#pump()
        })
        return
      }
      try {
        this.#out(writeSync(this.#target.fd, chunk))
      } catch (error) {
        this.#failed(error)
      }
    }
  }

  #nextChunk(): Buffer | null {
    if (this.#chunk !== null || this.#waiting.length === 0) return this.#chunk
    let count = 0
    for (let bytes = 0; count < this.#waiting.length && bytes < CHUNK_BYTES_MAX; count += 1) {
      bytes += this.#waiting[count]!.length
    }
    this.#chunk = Buffer.from(this.#waiting.splice(0, count).join(''))
    return this.#chunk
  }

  #out(written: number): void {
    this.#isFailing = false
    this.#waitingBytes -= written
    const rest = this.#chunk!.subarray(written)
    this.#chunk = rest.length === 0 ? null : rest
    if (this.#droppedUntold === 0) return
    const lines = this.#droppedUntold
    this.#droppedUntold = 0
    const told = { level: 40, time: Date.now(), part: 'log', lines, msg: 'log lines were dropped; they found no room' }
    const line = `${JSON.stringify(told)}\n`
    this.#waiting.push(line)
    this.#waitingBytes += Buffer.byteLength(line)
  }

  #failed(error: unknown): void {
    const full = isFull(error)
    this.#isFailing = !full
    // Unreferenced: a log that cannot be written must not keep a process that has ended.
    this.#timer = setTimeout(
      () => {
        this.#timer = null
        this.#pump()
      },
      full ? RETRY_AFTER_FULL_MS : RETRY_AFTER_ERROR_MS,
    ).unref()
    if (!full) this.#wake()
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake()
  }
}

let standardOutput: LogSink | null = null

/** The sink of this process's standard output, made at the first call. */
export function standardSink(): LogSink {
  if (standardOutput === null) {
    const sink = new LogSink(standardTarget())
    process.once('exit', () => sink.flushAtExit())
    standardOutput = sink
  }
  return standardOutput
}

function standardTarget(): SinkTarget {
  const fd = 1
  if (isatty(fd)) {
    // Node makes a terminal's descriptor wait, and a terminal that was stopped (Ctrl-S) would hold the loop.
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
    try {
      return { fd: openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY), mayTakeLong: false }
    } catch {
      // Not Linux, or the terminal of another user: it may wait, then, where it stops.
      return { fd, mayTakeLong: true }
    }
  }
  // What a caller closed, Node has opened as /dev/null: there is always something.
  const stat = fstatSync(fd)
  // Asked for because Node then lets a pipe or socket answer EAGAIN instead of waiting.
  if (stat.isFIFO() || stat.isSocket()) void process.stdout
  return { fd, mayTakeLong: stat.isFile() }
}

const isFull = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EAGAIN'

/** Holds the whole thread; for the exit alone. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
