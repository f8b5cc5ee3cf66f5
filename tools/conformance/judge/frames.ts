/** Reads each frame, and holds it against the schema of its type and against what goes by two fields together. */
import type { Connection, Message } from './connection.ts'
import type { FrameEntry } from './log.ts'
import { decode, Malformed } from './msgpack.ts'
import type { Protocol } from './protocol.ts'
import type { Verdicts } from './verdicts.ts'

/** The rule that a field of a message stands under, where it has one of its own. */
const RULE_OF: Readonly<Record<string, string>> = {
  'hello.unitId': 'HS-3',
  'hello.streams': 'HS-5',
  'hello.role': 'HS-2',
  'fix.streamIndex': 'FX-10',
  'hint.streamIndex': 'FX-10',
  'mark.streamIndex': 'FX-10',
  'set-status.status': 'OF-3',
  'set-status.reason': 'OF-3',
  'report-phase.phase': 'OF-7',
  'close-trip.disposition': 'OF-8',
  'enter-call.call': 'OF-12',
  'amend-call.changes': 'DK-1',
  'set-unit-status.status': 'DK-8',
  'set-unit-status.reason': 'DK-8',
  'watch-tiles.tiles': 'TL-2',
  'attach.channels': 'FD-1',
  'detach.channels': 'FD-4',
  'feed-fixes.sentAtMs': 'HS-4',
  'fix.sentAtMs': 'HS-4',
  'hint.sentAtMs': 'HS-4',
  'fix.fix': 'FX-13',
  'hint.fix': 'FX-13',
  'feed-fixes.fix': 'FX-13',
  id: 'EN-2',
  region: 'EN-8',
  unitId: 'EN-8',
  callId: 'EN-8',
  tripId: 'EN-8',
  offerId: 'EN-8',
}

export class FrameReader {
  readonly #protocol: Protocol
  readonly #verdicts: Verdicts

  constructor(protocol: Protocol, verdicts: Verdicts) {
    this.#protocol = protocol
    this.#verdicts = verdicts
  }

  /** The message, its type by name; null when nothing more can be said of the frame, which was then told. */
  read({ data, line, atMs, dir }: FrameEntry, connection: Connection): Message | null {
    const side = dir === 'sent' ? 'client' : 'server'
    const broke = (rule: string, text: string) => this.#verdicts[side](rule, line, text)
    if ((typeof data === 'string') === connection.isBinary) {
      broke(
        'TR-2',
        `a ${connection.isBinary ? 'text' : 'binary'} frame on the ${connection.isBinary ? 'binary' : 'JSON'} subprotocol`,
      )
      return null
    }
    this.#verdicts.kept('TR-2')
    const tuple = this.#decoded(data, broke)
    if (tuple === null) return null
    const type = this.#protocol.nameOf(side, tuple[0], connection.isBinary)
    if (type === null) {
      // A server may have grown [VN-1]; a client that needs something newer gets `unknown-type`.
      if (side === 'client')
        broke('EN-1', `no client message has the type ${JSON.stringify(tuple[0])} in this subprotocol`)
      return null
    }
    this.#verdicts.kept('EN-1')
    const message = [type, ...tuple.slice(1)]
    const bytes = typeof data === 'string' ? Buffer.byteLength(data) : data.length
    const isWellFormed = this.#hasItsForm(side, type, message, broke)
    return isWellFormed ? { line, atMs, connection, type, fields: message.slice(1), bytes } : null
  }

  #decoded(data: string | Uint8Array, broke: (rule: string, text: string) => void): readonly unknown[] | null {
    let value: unknown
    try {
      value = typeof data === 'string' ? JSON.parse(data) : decode(data)
    } catch (error) {
      if (error instanceof Malformed) broke('EN-5', error.message)
      else broke('EN-1', 'the text is not JSON')
      return null
    }
    if (typeof data !== 'string') this.#verdicts.kept('EN-5')
    if (!Array.isArray(value)) {
      broke('EN-1', 'a message is a list, beginning with its type')
      return null
    }
    if (hasBadText(value)) {
      broke('EN-6', 'a string has a NUL or a lone surrogate')
      return null
    }
    return value
  }

  #hasItsForm(
    side: 'client' | 'server',
    type: string,
    message: unknown[],
    broke: (rule: string, text: string) => void,
  ) {
    const misfit = this.#protocol.misfit(side, message)
    if (misfit !== null) {
      const field = this.#protocol.fieldsOf(side, type)[misfit.element - 1] ?? misfit.field.split('.')[0]!
      const isFix = field === 'fix' || (side === 'client' && /fix|hint/.test(type) && misfit.element > 2)
      const key = isFix ? 'fix' : field
      const own = RULE_OF[`${type}.${key}`] ?? RULE_OF[key]
      const rule = side === 'server' ? 'EN-1' : (own ?? (/AtMs$|NowMs$|E7$/.test(key) ? 'EN-7' : 'ER-2'))
      broke(rule, `\`${misfit.field}\` of ${type} ${misfit.wanted}`)
      return false
    }
    if (side === 'server') return true
    const found = togetherWrong(type, message.slice(1))
    if (found !== null) broke(...found)
    else this.#keptForms(type)
    return found === null
  }

  /** The rules of the fields that a good message of this type has. */
  #keptForms(type: string): void {
    this.#verdicts.kept('EN-6')
    for (const field of this.#protocol.fieldsOf('client', type)) {
      this.#verdicts.kept(
        RULE_OF[`${type}.${field}`] ?? RULE_OF[field] ?? (/AtMs$|NowMs$|E7$/.test(field) ? 'EN-7' : 'ER-2'),
      )
    }
  }
}

/** What a schema cannot say: fields that go together, and lists that name each once. */
function togetherWrong(type: string, fields: readonly unknown[]): [rule: string, text: string] | null {
  switch (type) {
    case 'hello': {
      const [, , , role, unitId, , streams] = fields
      if ((role === 'driver') !== (unitId !== null))
        return ['HS-3', '`unitId` names the unit of a driver, and is null for all others']
      return isEachOnce(streams) ? null : ['HS-5', '`streams` must name each stream once']
    }
    case 'set-status': {
      const [, status, reason] = fields
      return (status === 'unavailable') === (reason !== null)
        ? null
        : ['OF-3', '`reason` goes with unavailable, and is null with available']
    }
    case 'set-unit-status': {
      const [, , status, reason] = fields
      return (status === 'unavailable') === (reason !== null) ? null : ['DK-8', '`reason` goes with unavailable alone']
    }
    case 'amend-call': {
      const changes = fields[2] as Readonly<Record<string, unknown>>
      const named = ['lonE7', 'latE7', 'priority', 'problem', 'details'].filter(key => key in changes)
      return named.length > 0 && 'lonE7' in changes === 'latE7' in changes
        ? null
        : ['DK-1', '`changes` names something, and both coordinates or none']
    }
    case 'watch-tiles': {
      const tiles = fields[1] as readonly (readonly unknown[])[]
      if (!isEachOnce(tiles)) return ['TL-2', '`tiles` must name each tile once']
      return tiles.every(([, epoch, frameNo]) => (epoch === null) === (frameNo === null))
        ? null
        : ['TL-3', '`epoch` and `frameNo` are null together']
    }
    case 'attach':
      return isEachOnce(fields[1]) ? null : ['FD-1', '`channels` must name each channel once']
    default:
      return null
  }
}

function isEachOnce(list: unknown): boolean {
  const firsts = (list as readonly (readonly unknown[])[]).map(([first]) => first)
  return new Set(firsts).size === firsts.length
}

function hasBadText(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed()
  if (Array.isArray(value)) return value.some(hasBadText)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, inner]) => hasBadText(key) || hasBadText(inner))
}
