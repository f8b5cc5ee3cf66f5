/** Buttons that somebody presses by mistake: each must be refused, or change only what it says. */
import { MARKS, REPORTABLE_PHASES } from '../../../src/domain/vocabulary.ts'
import type { Dice } from '../../fuzz/dice.ts'
import { HOUR_MS } from './chance.ts'
import type { Press } from './phone.ts'
import type { Town } from './town.ts'

interface Mistake {
  readonly what: string
  readonly press: Press
}

/** Input: the trip that the crew has at the moment, null for none. Output: null when there is nothing to get wrong. */
export function someMistake(town: Town, dice: Dice, ownTripId: string | null): Mistake | null {
  const offers = town.offers.ids
  const trips = town.trips.ids
  const phase = dice.pick([...REPORTABLE_PHASES, ...MARKS])
  const kind = dice.weighed({ phase: 3, offer: 2, decline: 1, others: 2, close: 1, duty: 2, moment: 1, nonsense: 1 })
  switch (kind) {
    case 'phase':
      if (ownTripId === null) return null
      return { what: `${phase} by mistake`, press: (client, how) => client.reportPhase(ownTripId, phase, how) }
    case 'offer': {
      if (offers.length === 0) return null
      const offerId = dice.pick(offers)
      return { what: 'accept for an old offer', press: (client, how) => client.acceptOffer(offerId, how) }
    }
    case 'decline': {
      if (offers.length === 0) return null
      const offerId = dice.pick(offers)
      return {
        what: 'decline for an old offer',
        press: (client, { id }) => client.declineOffer(offerId, 'other', { id }),
      }
    }
    case 'others': {
      if (trips.length === 0) return null
      const tripId = dice.pick(trips)
      return { what: `${phase} for another's trip`, press: (client, how) => client.reportPhase(tripId, phase, how) }
    }
    case 'close': {
      if (trips.length === 0) return null
      const tripId = dice.pick(trips)
      return {
        what: "close for another's trip",
        press: (client, how) => client.closeTrip(tripId, 'treated-on-scene', how),
      }
    }
    case 'duty':
      return dutyMistake(dice)
    case 'moment': {
      const aheadMs = dice.pick([-30, -23, -1, 1, 48]) * HOUR_MS
      const press: Press = (client, { id, happenedAtMs = client.regionNowMs() }) =>
        client.signOn({ id, happenedAtMs: Math.round((happenedAtMs + aheadMs) / HOUR_MS) * HOUR_MS })
      return { what: `sign-on as of some ${aheadMs / HOUR_MS} h from now, on the hour`, press }
    }
    case 'nonsense': {
      if (trips.length === 0) return null
      const tripId = nothingLike(dice.pick(trips))
      return {
        what: 'close for a trip that never was',
        press: (client, how) => client.closeTrip(tripId, 'transported', how),
      }
    }
  }
}

/** An id of the same form that stands for nothing. */
function nothingLike(id: string): string {
  const last = id.at(-1)
  return `${id.slice(0, -1)}${last === 'x' ? 'y' : 'x'}`
}

function dutyMistake(dice: Dice): Mistake {
  switch (dice.below(4)) {
    case 0:
      return { what: 'sign-on once more', press: (client, how) => client.signOn(how) }
    case 1:
      return { what: 'sign-off too early', press: (client, how) => client.signOff(how) }
    case 2:
      return { what: 'available without need', press: (client, how) => client.becomeAvailable(how) }
    default:
      return { what: 'unavailable without need', press: (client, how) => client.becomeUnavailable('other', how) }
  }
}
