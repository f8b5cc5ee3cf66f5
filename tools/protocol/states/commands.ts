/**
 * Every command as it is tried in the tables of states: who may send it by the table of messages, each form that its schema
 * allows, decided by the turn that an engine runs.
 */
import type { Command } from '../../../src/domain/commands.ts'
import { driverKey, type EntityKey, tripKey } from '../../../src/domain/entity.ts'
import { RELEASED_TRIPS, type ReleasedTrip } from '../../../src/domain/vocabulary.ts'
import type { CommandAsked } from '../../../src/protocol/messages/message-row.ts'
import { rowOf } from '../../../src/protocol/messages.ts'
import { CLIENT_TYPES, type ClientTypeName } from '../../../src/protocol/wire/message-types.ts'
import { asJson } from '../json-schema.ts'
import { cellOf, type Subject } from './cell.ts'
import { type Attempt, BY, type Trial } from './rows.ts'
import { ASKERS, type Asker, type Stage, UNIT } from './stage.ts'
import { valuesOfCommands } from './values.ts'
import { variantsOf } from './variants.ts'

const MESSAGES = (Object.keys(CLIENT_TYPES) as ClientTypeName[]).filter(type => rowOf(type).rate === 'command')

const fieldsOf = (type: ClientTypeName): readonly string[] => rowOf(type).shape?.fields ?? []
const namesTrip = (type: ClientTypeName): boolean =>
  fieldsOf(type).some(field => ['tripId', 'callId', 'offerId', 'alarmId'].includes(field))
/** Of crews' own commands those that name no trip are about the unit itself. */
const namesUnit = (type: ClientTypeName): boolean =>
  fieldsOf(type).includes('unitId') ||
  rowOf(type).owner.includes('unit') ||
  (!namesTrip(type) && rowOf(type).owner.includes('own-unit'))

/** Commands that name nothing that is there already. */
export const ABOUT_NOTHING: readonly string[] = MESSAGES.filter(type => !namesTrip(type) && !namesUnit(type))

export function commandTrials(subject: 'trip' | 'unit'): readonly Trial[] {
  const about = MESSAGES.filter(subject === 'trip' ? namesTrip : namesUnit)
  return [
    ...about.map(type => ({ name: type, attempts: (stage: Stage) => attemptsAt(stage, subject, type) })),
    ...Object.entries(NO_MESSAGES).map(([name, attempts]) => ({
      name,
      attempts: (stage: Stage) => attempts(stage, subject),
    })),
  ]
}

/** Error: no form of the command is valid, or nobody may send it. */
function attemptsAt(stage: Stage, subject: Subject, type: ClientTypeName): readonly Attempt[] {
  const { schema, read } = rowOf(type).shape!
  const attempts = variantsOf(type, asJson(schema), valuesOfCommands(stage, subject)).flatMap(({ words, values }) => {
    const asked = read(values)
    // Some words do not go with each other.
    if (!asked.success) return []
    const { command } = asked.data as CommandAsked
    return askersOf(type, subject).map(by => {
      const turn = stage.turn()
      const cell = cellOf(stage, subject, turn, () => stage.decide(turn, by, command))
      return { words: new Map([[BY, by], ...words]), cell }
    })
  })
  if (attempts.length === 0)
    throw new Error(`No form of ${type} is taken: look at what tools/protocol/states/values.ts says.`)
  return attempts
}

/** The crew of another unit has no say in what is about this one alone. */
function askersOf(type: ClientTypeName, subject: Subject): readonly Asker[] {
  const roles = rowOf(type).right?.roles ?? []
  return (Object.keys(ASKERS) as Asker[]).filter(asker => {
    const { unitId } = ASKERS[asker]
    if (unitId === null) return roles.some(role => role === 'dispatcher' || role === 'supervisor')
    return roles.includes('driver') && (subject === 'trip' || unitId === UNIT)
  })
}

/** The commands that only HTTP offers. */
const NO_MESSAGES: Readonly<
  Record<Exclude<Command['type'], ClientTypeName>, (stage: Stage, subject: Subject) => readonly Attempt[]>
> = {
  'release-held': (stage, subject) =>
    subject === 'trip'
      ? RELEASED_TRIPS.map(as => released(stage, subject, tripKey(stage.tripId), as))
      : [released(stage, subject, driverKey(UNIT), null)],
}

/** The trip or unit is held while it is released. */
function released(stage: Stage, subject: Subject, entity: EntityKey, as: ReleasedTrip | null): Attempt {
  stage.quarantine.hold({ entity, message: 'an event did not fit' })
  const turn = stage.turn()
  const command = { type: 'release-held', entity, as } as const
  const cell = cellOf(stage, subject, turn, () => stage.decide(turn, 'the desk', command))
  stage.quarantine.release(entity)
  return {
    words: new Map([
      [BY, 'a supervisor'],
      ['as', as === null ? 'held' : `held, as ${as}`],
    ]),
    cell,
  }
}
