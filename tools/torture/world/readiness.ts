/** What each engine says of itself, asked ten times a second all along: `/readyz`, with the moment of each answer. */
import { get } from 'node:http'

export interface Sample {
  /** Monotonic, when it was asked. */
  readonly askedAtMs: number
  readonly atMs: number
  readonly engine: string
  readonly ready: boolean
}

interface Asked {
  readonly name: string
  readonly port: number
}

const EVERY_MS = 100
const ANSWER_LIMIT_MS = 1_000
/** Ten minutes of two engines; a round takes about one at most. */
const KEPT = 12_000

export class Readiness {
  readonly #engines: readonly Asked[]
  readonly #asking = new Set<string>()
  readonly #last = new Map<string, Sample>()
  readonly #timer: NodeJS.Timeout
  #samples: Sample[] = []

  constructor(engines: readonly Asked[]) {
    this.#engines = engines
    this.#timer = setInterval(() => this.#askAll(), EVERY_MS)
  }

  /** The port of the engine that said last that it is ready; null when none does. */
  readyPort(): number | null {
    const ready = this.#engines
      .map(({ name, port }) => ({ port, sample: this.#last.get(name) }))
      .filter(({ sample }) => sample?.ready === true)
      .sort((a, b) => b.sample!.atMs - a.sample!.atMs)
    return ready[0]?.port ?? null
  }

  isReady(engine: string): boolean {
    return this.#last.get(engine)?.ready === true
  }

  /** Whether an engine has said that it is ready, asked at that moment or later. */
  wasReadySince(fromMs: number, engine: string): boolean {
    return this.#samples.some(sample => sample.ready && sample.askedAtMs >= fromMs && sample.engine === engine)
  }

  /** When it last became ready between two moments: the first ready answer after the last other one; null: never. */
  becameReady(fromMs: number, toMs: number, engine: string): number | null {
    let readyAtMs: number | null = null
    for (const sample of this.#samples) {
      const { askedAtMs, atMs, ready } = sample
      if (sample.engine !== engine || askedAtMs < fromMs || atMs > toMs) continue
      if (!ready) readyAtMs = null
      else readyAtMs ??= atMs
    }
    return readyAtMs
  }

  /** Of the last minutes, oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #askAll(): void {
    for (const { name, port } of this.#engines) {
      if (this.#asking.has(name)) continue
      this.#asking.add(name)
      const askedAtMs = performance.now()
      let isOver = false
      const over = (ready: boolean) => {
        if (isOver) return
        isOver = true
        this.#asking.delete(name)
        const sample = { askedAtMs, atMs: performance.now(), engine: name, ready }
        this.#last.set(name, sample)
        this.#samples.push(sample)
        if (this.#samples.length > KEPT) this.#samples = this.#samples.slice(-KEPT / 2)
      }
      const request = get({ host: '127.0.0.1', port, path: '/readyz', agent: false }, response => {
        response.resume()
        response.on('error', () => over(false))
        over(response.statusCode === 200)
      })
      request.on('error', () => over(false))
      request.setTimeout(ANSWER_LIMIT_MS, () => {
        request.destroy()
        over(false)
      })
    }
  }
}
