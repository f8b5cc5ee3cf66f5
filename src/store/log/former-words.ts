/**
 * Events of records of before, in the words that stand for the same now. A stored record is never changed, so this is on the
 * way of each that is read; what was added to an event since then is absent in it, and the event says what that means.
 */

/** Alarms under their former names. */
const ALARMS: Readonly<Record<string, string>> = { 'unit-lost': 'app-lost' }

interface Stored {
  readonly type?: unknown
  readonly alarm?: unknown
}

/** Input: what a row holds, which may be anything where the row is damaged. */
export function inWordsOfNow(events: unknown): unknown {
  return Array.isArray(events) && events.some(isFormer) ? events.map(ofNow) : events
}

const isFormer = (event: Stored | null): boolean =>
  typeof event?.alarm === 'string' && Object.hasOwn(ALARMS, event.alarm)

const ofNow = (event: Stored | null): unknown =>
  isFormer(event) ? { ...event, alarm: ALARMS[event!.alarm as string] } : event
