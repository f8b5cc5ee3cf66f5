/** Records what happens by itself. An event of an actor in quarantine is left out; the other events do not wait for it. */
import type { DomainEvent } from '../../domain/events.ts'
import { bySystem } from './cause.ts'
import type { Quarantine } from './quarantine.ts'
import type { TurnRunner } from './turn-runner.ts'

export type RecordNews = (news: readonly DomainEvent[]) => void

export const recordNews =
  (turns: TurnRunner, quarantine: Quarantine): RecordNews =>
  news => {
    if (news.length === 0) return
    turns.run(bySystem(), turn => {
      turn.record(news.filter(event => quarantine.heldBy(event) === null))
      return undefined
    })
  }
