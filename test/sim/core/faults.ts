/** What goes wrong, and when: each kind of trouble begins by chance, as often as the plan says, and ends by itself. */
import type { Dice } from '../../fuzz/dice.ts'
import type { Plan, Troubles } from '../plan.ts'
import type { Chronicle } from './chronicle.ts'
import type { Cluster } from './cluster.ts'
import type { SimulatedDatabase } from './database.ts'
import type { Loop } from './loop.ts'
import type { Network } from './network.ts'
import type { EngineProcess } from './process.ts'

interface FaultsParts {
  readonly plan: Plan
  readonly loop: Loop
  readonly dice: Dice
  readonly chronicle: Chronicle
  readonly network: Network
  readonly database: SimulatedDatabase
  readonly cluster: Cluster
}

const HOUR_MS = 3_600_000

export class Faults {
  readonly #parts: FaultsParts
  #isOver = false
  /** What ends the troubles that are under way. */
  readonly #endings = new Set<() => void>()
  injected = 0

  constructor(parts: FaultsParts) {
    this.#parts = parts
  }

  start(): void {
    const { network, database, plan } = this.#parts
    const { troubles } = plan
    database.writeTroubles = {
      refused: troubles.writesRefusedPerMille,
      unknown: troubles.writesUnknownPerMille,
      rejected: troubles.rowsRejectedPerMille,
    }
    this.#often('cuts', () => network.cutOne())
    this.#often('halfOpens', () => network.halfOpenOne())
    this.#often('stalls', () => network.stallOne(this.#parts.dice.within([500, 40_000])))
    this.#often('storms', () => network.storm())
    this.#often('blackouts', () => this.#blackOut())
    this.#often('storeAway', () =>
      this.#forAWhile(
        'is away',
        [500, 60_000],
        () => database.goAway(),
        () => database.comeBack(),
      ),
    )
    this.#often('storeSlow', () =>
      this.#forAWhile(
        'is slow',
        [1_000, 60_000],
        () => {
          database.isSlow = true
        },
        () => {
          database.isSlow = false
        },
      ),
    )
    this.#often('storeLocked', () =>
      this.#forAWhile(
        'is locked',
        [500, 20_000],
        () => database.lock(),
        () => database.unlock(),
      ),
    )
    this.#often('poolExhausted', () =>
      this.#forAWhile(
        'has no connection left',
        [1_000, 30_000],
        () => {
          database.isPoolEmpty = true
        },
        () => {
          database.isPoolEmpty = false
        },
      ),
    )
    this.#often('crashes', () => this.#crash())
    this.#often('pauses', () => this.#pause())
    this.#often('takeovers', () => this.#takeOver())
    this.#often('drains', () => this.#drain())
    this.#often('clockJumps', () => this.#jumpClock())
    this.#often('referenceChanges', () => database.changeUnit())
    this.#often('policyChanges', () => database.changePolicy())
  }

  /** Everything that is wrong ends, and nothing more goes wrong. */
  stop(): void {
    this.#isOver = true
    this.#parts.database.writeTroubles = { refused: 0, unknown: 0, rejected: 0 }
    this.#parts.database.forgetWaiting()
    for (const end of [...this.#endings]) end()
  }

  /** Input: `befall` answers whether it befell anybody. */
  #often(kind: keyof Troubles, befall: () => unknown): void {
    const { plan, loop, dice } = this.#parts
    const perHour = plan.troubles[kind]
    if (perHour <= 0) return
    const next = () => {
      // Times between events that know nothing of each other.
      const waitMs = (-Math.log(1 - dice.below(1_000_000) / 1_000_000) * HOUR_MS) / perHour
      loop.after(waitMs, () => {
        if (this.#isOver) return
        if (befall() !== 0) this.injected += 1
        next()
      })
    }
    next()
  }

  #forAWhile(what: string, range: readonly [number, number], begin: () => void, end: () => void): void {
    const { chronicle, dice } = this.#parts
    const forMs = dice.within(range)
    chronicle.tell('database', `${what} for ${forMs} ms`)
    begin()
    this.#endsAfter(forMs, () => {
      chronicle.tell('database', `no longer ${what}`)
      end()
    })
  }

  #endsAfter(forMs: number, end: () => void): void {
    const ending = () => {
      if (this.#endings.delete(ending)) end()
    }
    this.#endings.add(ending)
    this.#parts.loop.after(forMs, ending)
  }

  #blackOut(): number {
    const { dice, network } = this.#parts
    const end = network.blackOut(dice.within([3, 10]) / 10)
    if (end === null) return 0
    this.#endsAfter(dice.within([20_000, 240_000]), end)
    return 1
  }

  #crash(): number {
    const { cluster, database, dice, loop } = this.#parts
    const victim = cluster.processes.length === 0 ? null : dice.pick(cluster.processes)
    if (victim === null) return 0
    const silently = dice.oneIn(3)
    // Between any two steps: at any time, and often at those when most is at stake.
    switch (dice.weighed({ anytime: 2, sent: 2, done: 2, recovering: 2, draining: 1 })) {
      case 'sent':
        database.whenNext('sent', () => victim.crash('crashes with a write on its way', silently))
        break
      case 'done':
        database.whenNext('done', () => victim.crash('crashes before it hears that a write stands', silently))
        break
      case 'recovering':
        victim.crash('crashes', silently)
        cluster.onNextStart = process => {
          loop.after(dice.below(60_000) / 1_000, () => process.crash('crashes while it recovers', silently))
        }
        break
      case 'draining':
        void victim.stop()
        loop.after(dice.below(20_000) / 1_000, () => victim.crash('crashes while it drains', silently))
        break
      default:
        loop.after(dice.below(20_000) / 1_000, () => victim.crash('crashes', silently))
    }
    return 1
  }

  #pause(): number {
    const { cluster, dice, loop } = this.#parts
    const victim = cluster.serving
    if (victim === null || victim.isPaused) return 0
    const forMs = dice.oneIn(3) ? dice.within([3_000, 30_000]) : dice.within([50, 3_000])
    victim.pause()
    const wake = () => {
      if (this.#endings.delete(wake)) victim.wake(dice.oneIn(3))
    }
    this.#endings.add(wake)
    loop.after(forMs, wake)
    return 1
  }

  /** A second process is started while the first is paused; the first wakes up and does not know. */
  #takeOver(): number {
    const { cluster, dice, loop } = this.#parts
    const victim = cluster.serving
    if (victim === null || victim.isPaused || cluster.processes.length > 1) return 0
    const forMs = dice.within([2_000, 40_000])
    const slept = dice.oneIn(2)
    victim.pause()
    const wake = () => {
      if (this.#endings.delete(wake)) victim.wake(slept)
    }
    this.#endings.add(wake)
    loop.after(dice.below(1_000), () => {
      if (!this.#isOver) cluster.startOne()
    })
    loop.after(forMs, wake)
    return 1
  }

  #drain(): number {
    const victim = this.#parts.cluster.serving
    if (victim === null || victim.isPaused) return 0
    void victim.stop()
    return 1
  }

  /** Of the database or of an engine, by a little or by hours, for a moment or for long; at every kind of moment. */
  #jumpClock(): number {
    const { cluster, database, dice, loop, chronicle } = this.#parts
    const sign = dice.oneIn(2) ? 1 : -1
    const by = dice.weighed<'seconds' | 'minutes' | 'hours'>({ seconds: 3, minutes: 1, hours: 1 })
    const rangeMs = by === 'seconds' ? [100, 30_000] : by === 'minutes' ? [60_000, 900_000] : [HOUR_MS, 9 * HOUR_MS]
    const byMs = sign * dice.within(rangeMs as [number, number])
    const forMs = dice.oneIn(3) ? dice.within([200, 12_000]) : dice.within([5_000, 1_200_000])
    const jump = (victim: EngineProcess) => {
      victim.jumpClock(byMs)
      chronicle.tell(victim.name, `its clock jumps by ${byMs} ms`)
      this.#setRightLater(victim, byMs, forMs)
    }
    const victim = cluster.processes.length === 0 ? null : dice.pick(cluster.processes)
    switch (dice.weighed({ database: 3, running: 4, starting: 2, draining: 1 })) {
      case 'database':
        chronicle.tell('database', `its clock jumps by ${byMs} ms`)
        database.jumpClock(byMs)
        return 1
      case 'starting':
        // Wrong before it looks at a clock for the first time; or while it recovers.
        if (dice.oneIn(2))
          cluster.nextClock = { aheadMs: byMs, hear: jumped => this.#setRightLater(jumped, byMs, forMs) }
        else cluster.onNextStart = process => loop.after(dice.below(20_000) / 1_000, () => jump(process))
        if (victim !== null && dice.oneIn(2)) void victim.stop()
        return 1
      case 'draining':
        if (victim === null) return 0
        void victim.stop()
        loop.after(dice.below(20_000) / 1_000, () => jump(victim))
        return 1
      default:
        if (victim === null) return 0
        jump(victim)
        return 1
    }
  }

  #setRightLater(victim: EngineProcess, byMs: number, forMs: number): void {
    const { chronicle, loop } = this.#parts
    const setRight = () => {
      if (!this.#endings.delete(setRight)) return
      chronicle.tell(victim.name, `its clock is set right by ${-byMs} ms`)
      victim.jumpClock(-byMs)
    }
    this.#endings.add(setRight)
    loop.after(forMs, setRight)
    if (this.#isOver) setRight()
  }
}
