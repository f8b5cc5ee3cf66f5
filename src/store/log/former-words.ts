/**
 * Events of records of before, in the words that stand for the same now. A stored record is never changed, so this is on the
 * way of each that is read; what was added to an event since then is absent in it, and the event says what that means.
 */

interface Stored {
  readonly type?: unknown
  readonly tripId?: unknown
  readonly alarm?: unknown
  readonly reason?: unknown
  readonly cause?: unknown
  readonly implied?: unknown
}

/** Input: what a row holds, which may be anything where the row is damaged. */
export function inWordsOfNow(events: unknown): unknown {
  if (!Array.isArray(events)) return events
  // Hardly any has one, and there may be millions of events.
  const isOther = events.some(event => ofNow(event, events) !== event)
  return isOther ? events.map(event => ofNow(event, events)) : events
}

/** Input: an event and those of its record. */
function ofNow(event: Stored | null, record: readonly (Stored | null)[]): unknown {
  switch (event?.type) {
    case 'TripAlarmRaised':
    case 'TripAlarmCleared':
      return event.alarm === 'unit-lost' ? { ...event, alarm: 'app-lost' } : event
    case 'OfferAccepted':
      // By a report of the crew's work the desk accepted for it, too, and the moment of the report was taken for the acceptance's.
      return event.cause === 'dispatcher' && event.implied === undefined && record.some(other => isReport(other, event))
        ? { ...event, implied: true }
        : event
    case 'UnitBecameUnavailable':
      return event.reason === 'breakdown' ? { ...event, reason: 'vehicle-fault' } : event
    default:
      return event
  }
}

const isReport = (other: Stored | null, { tripId }: Stored): boolean =>
  (other?.type === 'TripPhaseReached' || other?.type === 'TripClosed') &&
  other.cause === 'dispatcher' &&
  other.tripId === tripId
