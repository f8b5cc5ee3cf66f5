/** Counts how offers end. */
import type { DomainEvent } from '../../domain/events.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { TurnFollower } from './followers.ts'

const OFFER_OUTCOMES = {
  OfferMade: 'made',
  OfferAccepted: 'accepted',
  OfferDeclined: 'declined',
  OfferTimedOut: 'timed-out',
  OfferRevoked: 'revoked',
} as const

export const offerCount = (metrics: Metrics): TurnFollower => ({
  stored(turn) {
    for (const event of turn.events) countOffer(event, metrics)
  },
})

function countOffer(event: DomainEvent, metrics: Metrics): void {
  const outcome = OFFER_OUTCOMES[event.type as keyof typeof OFFER_OUTCOMES]
  if (outcome !== undefined) metrics.offer(outcome)
  else if ('inPhase' in event && event.inPhase === 'offered') {
    metrics.offer(event.type === 'TripCancelled' ? 'cancelled' : 'revoked')
  }
}
