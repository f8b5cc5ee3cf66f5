/** The processes that play the clients of the bench `come-back` together, spoken to as one. */
import { fileURLToPath } from 'node:url'
import type { CrowdSetup, FromCrowd, Returned, ToCrowd } from './come-back-crowd.ts'
import { LoadChild } from './load-child.ts'

const CROWD = fileURLToPath(new URL('./come-back-crowd.ts', import.meta.url))

export class Crowds {
  readonly #processes: readonly LoadChild<ToCrowd, FromCrowd>[]

  constructor(count: number) {
    this.#processes = Array.from({ length: count }, () => new LoadChild(CROWD))
  }

  /** Input: the setup of all clients together, in the order of the units. Errors: Error when a crew is refused. */
  async connect(setup: Omit<CrowdSetup, 'firstUnit'>): Promise<void> {
    const count = this.#processes.length
    for (const [index, process] of this.#processes.entries()) {
      const firstUnit = Math.floor((index * setup.tokens.length) / count)
      const end = Math.floor(((index + 1) * setup.tokens.length) / count)
      const connectsPerS = setup.connectsPerS / count
      const seed = setup.seed + index
      const tokens = setup.tokens.slice(firstUnit, end)
      process.send({ type: 'connect', setup: { ...setup, firstUnit, tokens, connectsPerS, seed } })
    }
    await this.#heard('connected')
  }

  async watch(): Promise<void> {
    this.#tell({ type: 'watch' })
    await this.#heard('watching')
  }

  /** Until all clients are back, or given up. */
  async untilBack(): Promise<Returned> {
    this.#tell({ type: 'ready' })
    const reports = (await this.#heard('returned')).map(({ report }) => report)
    const faults: Record<string, number> = {}
    for (const [what, count] of reports.flatMap(report => Object.entries(report.faults))) {
      faults[what] = (faults[what] ?? 0) + count
    }
    return {
      backAtMs: Float64Array.from(reports.flatMap(({ backAtMs }) => [...backAtMs])),
      attempts: Uint32Array.from(reports.flatMap(({ attempts }) => [...attempts])),
      reachedAtMs: Float64Array.from(reports.flatMap(({ reachedAtMs }) => [...reachedAtMs])),
      lost: sum(reports.map(({ lost }) => lost)),
      faults,
      cpuShare: sum(reports.map(({ cpuShare }) => cpuShare)),
      loopLagMaxMs: Math.max(...reports.map(({ loopLagMaxMs }) => loopLagMaxMs)),
    }
  }

  async settle(): Promise<{ readonly fixesReported: number; readonly fixesNotDurable: number }> {
    this.#tell({ type: 'settle' })
    const settled = await this.#heard('settled')
    return {
      fixesReported: sum(settled.map(({ fixesReported }) => fixesReported)),
      fixesNotDurable: sum(settled.map(({ fixesNotDurable }) => fixesNotDurable)),
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#processes.map(process => process.end()))
  }

  #tell(message: ToCrowd): void {
    for (const process of this.#processes) process.send(message)
  }

  #heard<Type extends FromCrowd['type']>(type: Type): Promise<Extract<FromCrowd, { type: Type }>[]> {
    return Promise.all(this.#processes.map(process => process.heard(type)))
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
