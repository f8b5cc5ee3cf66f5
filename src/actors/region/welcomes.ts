/** Greets sessions. A welcome is formed from the states of now, and leaves once the log is durable up to them. */
import type { RegionId } from '../../domain/ids.ts'
import { CLOSE_CODES } from '../../protocol/errors.ts'
import type { WelcomeShown } from '../../protocol/told.ts'
import type { RegionClock } from '../clock.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import { WRITES_STALLED } from '../refusals.ts'
import type { HelloRequest, Session } from '../region-handle.ts'
import type { RegionMemory } from './memory.ts'
import type { Outbox } from './outbox.ts'
import type { RegionPolicy } from './region-policy.ts'
import { refuseStalled } from './send-refusal.ts'
import type { StoreWatch } from './store-watch.ts'
import { policyView } from './views.ts'

interface WelcomesPorts {
  readonly memory: Pick<RegionMemory, 'driverView'>
  readonly policy: RegionPolicy
  readonly clock: RegionClock
  readonly outbox: Outbox
  readonly log: { readonly head: number }
  readonly store: Pick<StoreWatch, 'welcomed'>
}

export class Welcomes {
  readonly #ports: WelcomesPorts
  readonly #regionId: RegionId

  constructor(ports: WelcomesPorts, regionId: RegionId) {
    this.#ports = ports
    this.#regionId = regionId
  }

  /** `unit` is the one that the session speaks for. */
  greet(session: Session, hello: HelloRequest, unit: UnitActor | null): void {
    const { memory, policy, outbox, clock, log, store } = this.#ports
    const position = log.head
    const view = unit === null ? null : memory.driverView(unit, clock.nowMs())
    const leave = () => {
      const welcome: WelcomeShown = {
        sessionId: session.sessionId,
        region: this.#regionId,
        role: session.role,
        clock: clock.view(),
        position,
        streams: hello.streams.map(([id]) => [id, unit?.location.knownStream(id)?.durableSeq ?? 0]),
        driver: view,
        policy: policyView(policy.standing),
        limits: session.limits,
        ticket: session.ticket,
      }
      session.tell({ type: 'welcome', id: hello.helloId, welcome })
      unit?.onWelcomed(session)
      store.welcomed(session)
    }
    const refuse = () => {
      refuseStalled(session, hello.helloId)
      session.close(CLOSE_CODES.goingAway, WRITES_STALLED.code)
    }
    outbox.hold(position, leave, { refuse })
  }
}
