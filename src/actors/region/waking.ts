/**
 * Whoever names what has left memory waits until the store was asked for it: calls that are over, with their trips, and the
 * outcomes of commands.
 *
 * Everything else goes on meanwhile. A command also waits behind an earlier one of the same person, unit, trip or call, so that
 * commands keep their order. One question is under way at a time, for all who came until then; it ends with a message to the
 * region, in which what was found comes back and those who waited go on. Modes of who waits: *unasked*, *asking*, *ready* (it
 * goes on when nobody is before it), gone (answered, or given up after its time).
 */
import type { Refusal } from '../../base/refusal.ts'
import type { Scheduler } from '../../base/time.ts'
import { OVERLOADED, STORE_SILENT, STORED_CALL_DAMAGED, UNAVAILABLE } from '../refusals.ts'
import type { CommandRequest } from '../region-handle.ts'
import type { CallTexts } from './call-texts.ts'
import type { KnownOutcome } from './idempotency.ts'
import type { ClosedCallSnapshot } from './snapshots.ts'
import { isEmpty, type Wanted } from './wanted.ts'

/** How long somebody waits for the store. The answer may then wait for a second to become durable, and has to come within two. */
const WAIT_MS = 900
/** Who may wait: some megabytes of them. */
const WAITING_MAX = 10_000
/** Who is asked for in one question. */
const ASKED_AT_ONCE = 500

export interface FoundCall {
  readonly closed: ClosedCallSnapshot
  readonly texts: CallTexts
}

/** What the store had of what was asked for; null when it could not be asked. */
export type LookedUp = {
  readonly calls: readonly FoundCall[]
  readonly outcomes: ReadonlyMap<string, KnownOutcome>
  /** A call was found that is not as it was written. */
  readonly isDamaged: boolean
} | null

/** Of a command's outcome in what was looked up. */
export const outcomeKey = (principal: string, commandId: string): string => `${principal}\n${commandId}`

interface WakingPorts {
  readonly scheduler: Scheduler
  /** What of this is not in memory. */
  readonly missing: (wanted: Wanted) => Wanted
  readonly lookUp: (wanted: readonly Wanted[]) => Promise<LookedUp>
  /** Gives `waking.found` what was looked up, as a message to the region. */
  readonly later: (found: LookedUp) => void
  readonly outcomes: { readonly lastLeft: number }
  readonly log: { readonly durable: number }
}

interface Waiter {
  readonly wanted: Wanted
  /** What it may not overtake. */
  readonly keys: readonly string[]
  readonly go: (outcome: KnownOutcome | undefined) => void
  readonly refuse: (refusal: Refusal) => void
  readonly cancel: () => void
  mode: 'unasked' | 'asking' | 'ready'
  outcome: KnownOutcome | undefined
  /** Asked for by itself: of several nobody could say whom damage is about. */
  isAlone: boolean
}

export class Waking {
  readonly #ports: WakingPorts
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiter>()
  /** How many of them each key is of. */
  readonly #keys = new Map<string, number>()
  #asked: readonly Waiter[] | null = null
  #askedAt = 0
  #stopped = false

  constructor(ports: WakingPorts) {
    this.#ports = ports
  }

  get depth(): number {
    return this.#waiting.size
  }

  /** Lets a question go on, at once where nothing that it names is missing. */
  query(wanted: Wanted, refuse: Waiter['refuse'], go: () => void): void {
    const missing = this.#ports.missing(wanted)
    if (isEmpty(missing)) go()
    else this.#wait(missing, [], refuse, go)
  }

  /** Lets a command go on, with its outcome if it was carried out long ago; at once where nothing is missing and nobody is before it. */
  command(request: CommandRequest, wanted: Wanted, refuse: Waiter['refuse'], go: Waiter['go']): void {
    const missing = this.#ports.missing(wanted)
    // Nobody waits, nearly always.
    if (this.#waiting.size === 0 && isEmpty(missing)) return go(undefined)
    const keys = keysOf(request, wanted)
    if (isEmpty(missing) && !keys.some(key => this.#keys.has(key))) go(undefined)
    else this.#wait(missing, keys, refuse, go)
  }

  #wait(wanted: Wanted, keys: readonly string[], refuse: Waiter['refuse'], go: Waiter['go']): void {
    if (this.#stopped) return refuse(UNAVAILABLE)
    if (this.#waiting.size >= WAITING_MAX) return refuse(OVERLOADED)
    const cancel = this.#ports.scheduler.after(WAIT_MS, () => {
      this.#leave(waiter)
      refuse(STORE_SILENT)
      this.#letGo()
    })
    const mode = isEmpty(wanted) ? 'ready' : 'unasked'
    const waiter: Waiter = { wanted, keys, go, refuse, cancel, mode, outcome: undefined, isAlone: false }
    this.#waiting.add(waiter)
    for (const key of keys) this.#keys.set(key, (this.#keys.get(key) ?? 0) + 1)
    this.#ask()
  }

  /** What was looked up is in memory. */
  found(found: LookedUp): void {
    const asked = this.#asked?.filter(waiter => this.#waiting.has(waiter)) ?? []
    this.#asked = null
    if (this.#stopped) return
    if (found === null) {
      for (const waiter of asked) {
        this.#leave(waiter)
        waiter.refuse(STORE_SILENT)
      }
    } else {
      for (const waiter of asked) this.#take(waiter, asked.length, found)
    }
    this.#letGo()
    this.#ask()
  }

  #take(waiter: Waiter, of: number, { outcomes, isDamaged }: NonNullable<LookedUp>): void {
    const { command } = waiter.wanted
    waiter.outcome = command === null ? undefined : outcomes.get(outcomeKey(command.principal, command.commandId))
    // An outcome may have left memory while the store was asked, which it did not have then.
    const mayBeNewer = command !== null && waiter.outcome === undefined && this.#ports.outcomes.lastLeft > this.#askedAt
    const isLacking = isDamaged && !isEmpty({ ...this.#ports.missing(waiter.wanted), command: null })
    if (isLacking && of === 1) {
      this.#leave(waiter)
      waiter.refuse(STORED_CALL_DAMAGED)
    } else {
      waiter.isAlone = isLacking
      waiter.mode = isLacking || mayBeNewer ? 'unasked' : 'ready'
    }
  }

  /** Answers everybody who waits, and nobody from now on. */
  stop(): void {
    this.#stopped = true
    for (const waiter of [...this.#waiting]) {
      this.#leave(waiter)
      waiter.refuse(UNAVAILABLE)
    }
  }

  #ask(): void {
    if (this.#asked !== null || this.#stopped) return
    const asked: Waiter[] = []
    for (const waiter of this.#waiting) {
      if (waiter.mode !== 'unasked') continue
      if (waiter.isAlone && asked.length > 0) break
      asked.push(waiter)
      if (waiter.isAlone || asked.length === ASKED_AT_ONCE) break
    }
    if (asked.length === 0) return
    for (const waiter of asked) waiter.mode = 'asking'
    this.#asked = asked
    const { log, lookUp, later } = this.#ports
    this.#askedAt = log.durable
    void lookUp(asked.map(({ wanted }) => wanted)).then(found => {
      if (!this.#stopped) later(found)
    })
  }

  #letGo(): void {
    const before = new Set<string>()
    const ready: Waiter[] = []
    for (const waiter of this.#waiting) {
      if (waiter.mode === 'ready' && !waiter.keys.some(key => before.has(key))) ready.push(waiter)
      else for (const key of waiter.keys) before.add(key)
    }
    for (const waiter of ready) this.#leave(waiter)
    for (const waiter of ready) waiter.go(waiter.outcome)
  }

  #leave(waiter: Waiter): void {
    if (!this.#waiting.delete(waiter)) return
    waiter.cancel()
    for (const key of waiter.keys) {
      const left = this.#keys.get(key)! - 1
      if (left === 0) this.#keys.delete(key)
      else this.#keys.set(key, left)
    }
  }
}

/** Commands that share one of these keep their order. */
function keysOf({ principal, unitId, command }: CommandRequest, { callIds, tripIds }: Wanted): string[] {
  const named = 'unitId' in command ? command.unitId : unitId
  return [
    `principal/${principal}`,
    ...(named === null ? [] : [`driver/${named}`]),
    ...callIds.map(id => `call/${id}`),
    ...tripIds.map(id => `trip/${id}`),
  ]
}
