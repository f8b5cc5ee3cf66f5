/**
 * Events of records of before, in the words that stand for the same now. A stored record is never changed, so this is on the
 * way of each that is read; what was added to an event since then is absent in it, and the event says what that means.
 */

interface Stored {
  readonly type?: unknown
  readonly alarm?: unknown
  readonly reason?: unknown
  readonly cause?: unknown
  readonly implied?: unknown
}

/** Input: what a row holds, which may be anything where the row is damaged. */
export function inWordsOfNow(events: unknown): unknown {
  if (!Array.isArray(events)) return events
  // Hardly any has one, and there may be millions of events.
  return events.some(event => ofNow(event) !== event) ? events.map(ofNow) : events
}

function ofNow(event: Stored | null): unknown {
  switch (event?.type) {
    case 'TripAlarmRaised':
    case 'TripAlarmCleared':
      return event.alarm === 'unit-lost' ? { ...event, alarm: 'app-lost' } : event
    case 'OfferAccepted':
      // The desk accepted for a crew only by a report of its work, whose moment was taken for the acceptance's.
      return event.cause === 'dispatcher' && event.implied === undefined ? { ...event, implied: true } : event
    case 'UnitBecameUnavailable':
      return event.reason === 'breakdown' ? { ...event, reason: 'vehicle-fault' } : event
    default:
      return event
  }
}
