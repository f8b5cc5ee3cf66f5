/** What a failed statement means: did it write nothing, is that unknown, or can it never succeed? */
import type { RegionId } from '../../domain/ids.ts'
import {
  ContentRejected,
  OutcomeUnknown,
  StoredDataDamaged,
  type StoredTable,
  StoreUnavailable,
} from '../log/journal.ts'

type StoreFault = StoreUnavailable | OutcomeUnknown | ContentRejected

/**
 * SQLSTATE classes that the same content meets every time: data exception, constraint violation, and a limit of the
 * program such as a key too long for its index.
 */
const CONTENT = /^(22|23|54)/
/** The session was ended, possibly after the commit and before its answer. */
const SESSION_ENDED = /^(08|25P0|57P0)/

/** The fault behind an error of a statement that was sent and that changes something. */
export function writeFault(error: unknown): StoreFault {
  const code = sqlState(error)
  // Without an answer of the server, too, the commit may already stand.
  if (code === null || SESSION_ENDED.test(code)) return new OutcomeUnknown(describe(error), { cause: error })
  if (CONTENT.test(code)) return new ContentRejected(describe(error), { cause: error })
  return new StoreUnavailable(describe(error), { cause: error })
}

/** The fault behind an error of anything that changes nothing or may simply be done again. */
export function unavailable(error: unknown): StoreUnavailable {
  return error instanceof StoreUnavailable ? error : new StoreUnavailable(describe(error), { cause: error })
}

/** A page or an index of the server is broken. */
const DATA_BROKEN = /^XX00[12]$/

/** The fault behind an error of reading a region's rows of a table. */
export function readFault(error: unknown, region: RegionId, table: StoredTable): StoreUnavailable | StoredDataDamaged {
  if (error instanceof StoredDataDamaged) return error
  // A number of a row that no number can hold was never written by us.
  const isBroken = DATA_BROKEN.test(sqlState(error) ?? '') || error instanceof RangeError
  return isBroken ? new StoredDataDamaged(region, table, describe(error), { cause: error }) : unavailable(error)
}

/** The server was starting, stopping, full or gone. */
const AWAY = /^(08|53|57P|25P0|25006)/
/** The words of pg and its pool where a connection could not be had, or broke: such errors have no code. */
const NO_CONNECTION =
  /timeout exceeded when trying to connect|connection (terminated|timeout)|connection error|query read timeout|pool after calling end/i
/** Of the socket: ECONNREFUSED, ENOTFOUND and their like. */
const SOCKET = /^E[A-Z_]+$/

/** Whether an error of an ordinary query says that the store is away, rather than that we made a mistake. */
export function isStoreAway(error: unknown): boolean {
  if (error instanceof StoreUnavailable || error instanceof OutcomeUnknown) return true
  if (!(error instanceof Error)) return false
  const sql = sqlState(error)
  if (sql !== null) return AWAY.test(sql)
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isStoreAway)
  const { code, syscall } = error as { code?: unknown; syscall?: unknown }
  if (typeof code === 'string' && SOCKET.test(code)) return syscall !== undefined
  return NO_CONNECTION.test(error.message)
}

/** The server's code; null for errors of the connection, which may have a code too (ECONNRESET) but no severity. */
function sqlState(error: unknown): string | null {
  const { code, severity } = error as { code?: unknown; severity?: unknown }
  return typeof code === 'string' && severity !== undefined ? code : null
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { code?: unknown }
  // An error of several connection attempts has no message of its own.
  const message = error.message === '' ? error.name : error.message
  return typeof code === 'string' ? `${message} (${code})` : message
}
