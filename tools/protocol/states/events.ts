/** Every event as it is tried in the tables of states: each form that its schema allows, folded by the engine's own folds. */
import {
  callKey,
  driverKey,
  type EntityKey,
  type EntityKind,
  kindOf,
  regionKey,
  tripKey,
} from '../../../src/domain/entity.ts'
import { type DomainEvent, entitiesOf } from '../../../src/domain/events.ts'
import { EVENT_SCHEMAS } from '../../../src/protocol/event-schemas.ts'
import { asJson, type JsonSchema } from '../json-schema.ts'
import { cellOf, type Subject } from './cell.ts'
import type { Trial } from './rows.ts'
import { OTHER_UNIT, REGION, Stage, UNIT } from './stage.ts'
import { HELP, valuesOfEvents } from './values.ts'
import { type Values, variantsOf } from './variants.ts'

const KIND_OF_SUBJECT = { trip: 'trip', unit: 'driver', call: 'call' } as const

interface EventForm {
  readonly type: DomainEvent['type']
  readonly schema: JsonSchema
}

const FORMS: readonly EventForm[] = EVENT_SCHEMAS.map(schema => ({
  type: schema.shape.type.value,
  schema: ownForm(asJson(schema)),
}))

/** A schema that has a name of its own is told by a reference to it. */
function ownForm(json: JsonSchema): JsonSchema {
  const { $ref, $defs = {} } = json as { readonly $ref?: string; readonly $defs?: Readonly<Record<string, JsonSchema>> }
  return $ref === undefined ? json : $defs[$ref.slice('#/$defs/'.length)]!
}

/** The events that are of the region alone. */
export const ABOUT_THE_REGION: readonly string[] = FORMS.filter(
  ({ schema }) => kindsOf(schema).join() === 'region',
).map(({ type }) => type)

/** The events that change the subject, by `entitiesOf`. */
export function eventTrials(subject: Subject): readonly Trial[] {
  const stage = new Stage()
  const isAbout = (form: EventForm): boolean =>
    eventsAt(stage, subject, form).some(({ event }) =>
      entitiesOf(event).some(entity => kindOf(entity) === KIND_OF_SUBJECT[subject]),
    )
  return FORMS.filter(isAbout).map(form => ({
    name: form.type,
    attempts: at =>
      eventsAt(at, subject, form).map(({ words, event }) => ({ words, cell: cellAt(at, subject, event) })),
  }))
}

function cellAt(stage: Stage, subject: Subject, event: DomainEvent): string {
  const turn = stage.turn()
  return cellOf(stage, subject, turn, () => {
    turn.record([event])
    return null
  })
}

function eventsAt(stage: Stage, subject: Subject, { type, schema }: EventForm) {
  const values = { ...valuesOfEvents(stage, subject), ...ownValues(stage, subject, type, schema) }
  return variantsOf(type, schema, values).map(({ words, values: fields }) => ({
    words,
    // It belongs to the trip that helps, and is about the one that is helped.
    event: {
      ...fields,
      type,
      entity: type === 'HelpAdded' ? tripKey(HELP) : entityOf(stage, subject, schema),
    } as DomainEvent,
  }))
}

/** What a field holds in one event and not in others. */
function ownValues(stage: Stage, subject: Subject, type: DomainEvent['type'], schema: JsonSchema): Values {
  if (type === 'HelpAdded') return { tripId: { one: HELP } }
  if (type === 'AssignmentOverridden') return { unitId: { one: OTHER_UNIT } }
  // Which alarm it is says the event itself.
  if (type === 'TripAlarmRaised') return { alarm: { one: 'waiting-long' } }
  // It names the one that it belongs to.
  if (kindsOf(schema).length > 1)
    return { [subject === 'unit' ? 'tripId' : 'unitId']: { one: undefined }, regionId: { one: undefined } }
  const { unitId } = schema.properties as { readonly unitId?: JsonSchema }
  // Null where the trip has no unit.
  if (unitId?.anyOf === undefined || subject === 'unit') return {}
  return { unitId: { one: stage.unit.work?.tripId === stage.tripId ? UNIT : null } }
}

function entityOf({ tripId, itsTrip }: Stage, subject: Subject, schema: JsonSchema): EntityKey {
  const keys = {
    ...{ trip: tripKey(tripId), driver: driverKey(UNIT), call: callKey(itsTrip.callId) },
    region: regionKey(REGION),
  }
  const kinds = kindsOf(schema)
  const own = KIND_OF_SUBJECT[subject]
  return keys[kinds.includes(own) ? own : kinds[0]!]
}

/** The kinds of actors that an event can belong to. */
function kindsOf({ properties }: JsonSchema): readonly EntityKind[] {
  const text = JSON.stringify((properties as { readonly entity: JsonSchema }).entity)
  return (['trip', 'driver', 'call', 'region'] as const).filter(kind => text.includes(`^${kind}`))
}
