/** A server's frame as a message, or a fault: the shapes that the client relies on are looked at before it believes them. */
import { decodeServer } from '../protocol/codec.ts'
import type { ServerMessage } from '../protocol/wire/server-tuples.ts'
import { ClientFault } from './errors.ts'

/** Errors: throws what the codec throws, and ClientFault `bad-server-data` for a message of the wrong shape. */
export function readServerMessage(data: unknown): ServerMessage {
  const message = decodeServer(data instanceof ArrayBuffer ? new Uint8Array(data) : (data as Uint8Array | string))
  if (!wellFormed(message)) {
    throw new ClientFault('bad-server-data', `The server sent a \`${message[0]}\` message of the wrong shape.`)
  }
  return message
}

function wellFormed(message: ServerMessage): boolean {
  switch (message[0]) {
    case 'welcome':
      return isString(message[1]) && isWelcome(message[2])
    case 'reply':
      return isString(message[1]) && isCount(message[2]) && isObject(message[3])
    case 'error':
      return (message[1] === null || isString(message[1])) && isString(message[2]) && isString(message[3])
    case 'marks':
      return isCount(message[1]) && isCount(message[2])
    case 'unit-state':
      return isCount(message[1]) && isDriverView(message[2])
    case 'board':
      return message.slice(1, 4).every(isCount) && message.slice(4, 8).every(Array.isArray) && message.length >= 7
    case 'board-events':
      return (
        isCount(message[1]) &&
        isNumber(message[2]) &&
        Array.isArray(message[3]) &&
        (message[4] === null || isString(message[4])) &&
        (message[5] === undefined || Array.isArray(message[5]))
      )
    case 'going-away':
      return isNumber(message[1]) && isNumber(message[2])
    case 'tile':
      return isString(message[1]) && isString(message[2]) && message.slice(3, 5).every(isCount) && areUnits(message[5])
    case 'tile-moves':
      return (
        isString(message[1]) && message.slice(2, 4).every(isCount) && areUnits(message[4]) && areStrings(message[5])
      )
    case 'unit':
      return isCount(message[1]) && isObject(message[2]) && (message[3] === null || isObject(message[3]))
    case 'feed-marks':
      return Array.isArray(message[1]) && message[1].every(mark => Array.isArray(mark) && mark.every(isCount))
    case 'detached':
      return isCount(message[1]) && isString(message[2])
    case 'clock':
      return isClock(message[1])
    case 'come-back':
      return isCount(message[1])
    case 'etas':
      return typeof message[1] === 'boolean' && areEtas(message[2]) && areStrings(message[3])
    case 'freshness':
      return typeof message[1] === 'boolean' && isNumber(message[2]) && Array.isArray(message[3])
    case 'writes':
      return isString(message[1]) && isString(message[2])
  }
}

function isClock(clock: unknown): boolean {
  if (!isObject(clock)) return false
  const { nowMs, anchorRegionMs, anchorWallMs, rate } = clock
  return [nowMs, anchorRegionMs, anchorWallMs, rate].every(isNumber) && (rate as number) > 0
}

/** Of a unit on the map, what it is placed by; a word that a newer server may send is not looked at. */
function areUnits(units: unknown): boolean {
  return (
    Array.isArray(units) &&
    units.every(
      unit => Array.isArray(unit) && isString(unit[0]) && unit.slice(1, 4).every(isNumber) && isString(unit[6]),
    )
  )
}

/** Of an arrival, what it is kept by and shown with. */
function areEtas(etas: unknown): boolean {
  return (
    Array.isArray(etas) &&
    etas.every(
      eta =>
        isObject(eta) &&
        [eta.tripId, eta.unitId, eta.toward].every(isString) &&
        isNumber(eta.atMs) &&
        (eta.etaMs === null || isCount(eta.etaMs)),
    )
  )
}

function isWelcome(welcome: unknown): boolean {
  if (!isObject(welcome) || !isClock(welcome.clock) || !isObject(welcome.limits)) return false
  const { limits, streams, driver, position, ticket } = welcome
  return (
    (ticket === undefined || ticket === null || isString(ticket)) &&
    [limits.frameBytes, limits.fixesPerFrame].every(limit => isCount(limit) && limit > 0) &&
    (limits.comeBackSpreadMs === undefined || isCount(limits.comeBackSpreadMs)) &&
    isCount(position) &&
    Array.isArray(streams) &&
    streams.every(stream => Array.isArray(stream) && isString(stream[0]) && isCount(stream[1])) &&
    (driver === null || isDriverView(driver))
  )
}

function isDriverView(driver: unknown): boolean {
  if (!isObject(driver) || !isObject(driver.unit)) return false
  const { trip } = driver
  if (trip === null) return true
  return isObject(trip) && isString(trip.tripId) && (trip.offer === null || isObject(trip.offer))
}

const isString = (value: unknown): value is string => typeof value === 'string'
const areStrings = (value: unknown): boolean => Array.isArray(value) && value.every(isString)
const isNumber = (value: unknown): value is number => Number.isFinite(value)
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
