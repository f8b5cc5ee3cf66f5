/** The units of a region: what the service has, and what each does now where the board is followed. */
import { useState } from 'preact/hooks'
import { LEVELS_OF_CARE, type OfficeRecord } from '../../client/index.ts'
import { StatusMark } from '../map/status-mark.tsx'
import { word } from '../spoken-words.ts'
import { useTopic } from '../topic.ts'
import type { Office } from './office.ts'
import { SureDialog } from './office-dialog.tsx'
import { o } from './office-strings.ts'
import { OfficeTable, useOfficeList } from './office-table.tsx'
import type { RecordField } from './record-fields.ts'
import { RecordForm } from './record-form.tsx'

const FIELDS: readonly RecordField[] = [
  { name: 'unitId', label: o.units.id, kind: 'text', isFixed: true },
  { name: 'callSign', label: o.units.callSign, kind: 'text' },
  {
    name: 'levelOfCare',
    label: o.units.level,
    kind: 'choice',
    choices: LEVELS_OF_CARE.map(level => [level, word('level', level)]),
    initial: 'als',
  },
  { name: 'transports', label: o.units.transports, kind: 'check', initial: true },
  { name: 'capabilities', label: o.units.capabilities, kind: 'words', hint: o.form.wordsHint, initial: [] },
  { name: 'homeStation', label: o.units.homeStation, kind: 'optional', initial: null },
]

interface UnitsPageProps {
  readonly office: Office
  readonly region: string
}

type Doing = { readonly is: 'add' } | { readonly is: 'edit' | 'retire'; readonly unit: OfficeRecord }

export function UnitsPage({ office, region }: UnitsPageProps) {
  const { engine } = office
  const list = useOfficeList(() => engine.list('units', region), region)
  const [doing, setDoing] = useState<Doing | null>(null)
  const [key, setKey] = useState('')
  const close = () => setDoing(null)
  const done = (said: string) => {
    office.outcomes.say('done', said)
    list.again()
  }
  const add = () => {
    setKey(engine.newKey())
    setDoing({ is: 'add' })
  }
  return (
    <>
      <OfficeTable
        title={o.pages.units}
        list={list}
        keyOf={({ unitId }) => String(unitId)}
        text={({ unitId, callSign, levelOfCare, capabilities }) =>
          [unitId, callSign, levelOfCare, capabilities].join(' ')
        }
        columns={columnsOf(office, region)}
        first={o.units.first}
        {...(office.mayWrite && {
          add: { label: o.units.add, run: add },
          actions: (unit: OfficeRecord) => (
            <>
              <button
                type="button"
                aria-label={o.units.edit(String(unit.callSign))}
                onClick={() => setDoing({ is: 'edit', unit })}
              >
                ✎
              </button>{' '}
              <button type="button" onClick={() => setDoing({ is: 'retire', unit })}>
                {o.units.retire}
              </button>
            </>
          ),
        })}
      />
      {doing?.is === 'add' && (
        <RecordForm
          title={o.units.add}
          fields={FIELDS}
          stored={null}
          save={async values => {
            await engine.add('units', region, values, key)
            done(o.units.saved(String(values.callSign)))
          }}
          close={close}
        />
      )}
      {doing?.is === 'edit' && <EditUnit office={office} region={region} unit={doing.unit} done={done} close={close} />}
      {doing?.is === 'retire' && (
        <RetireUnit office={office} region={region} unit={doing.unit} done={done} close={close} />
      )}
    </>
  )
}

const columnsOf = (office: Office, region: string) => [
  { label: o.units.callSign, cell: ({ callSign }: OfficeRecord) => String(callSign) },
  { label: o.units.id, cell: ({ unitId }: OfficeRecord) => String(unitId) },
  ...(office.shift?.region === region
    ? [{ label: o.units.state, cell: (unit: OfficeRecord) => <StateNow office={office} unit={unit} /> }]
    : []),
  { label: o.units.level, cell: ({ levelOfCare }: OfficeRecord) => word('level', String(levelOfCare)) },
  { label: o.units.capabilities, cell: ({ capabilities }: OfficeRecord) => [capabilities].flat().join(', ') },
  { label: o.units.homeStation, cell: ({ homeStation }: OfficeRecord) => String(homeStation ?? o.form.noValue) },
]

interface OneUnitProps extends UnitsPageProps {
  readonly unit: OfficeRecord
  readonly done: (said: string) => void
  readonly close: () => void
}

function EditUnit({ office: { engine }, region, unit, done, close }: OneUnitProps) {
  const id = String(unit.unitId)
  return (
    <RecordForm
      title={o.units.edit(String(unit.callSign))}
      fields={FIELDS}
      stored={unit}
      save={async (values, version) => {
        if (Object.keys(values).length === 0) return
        const now = await engine.change('units', region, id, version!, values)
        done(o.units.saved(String(now.callSign)))
      }}
      reread={() => engine.one('units', region, id)}
      close={close}
    />
  )
}

function RetireUnit({ office: { engine }, region, unit, done, close }: OneUnitProps) {
  const name = String(unit.callSign)
  return (
    <SureDialog
      title={o.units.retire}
      question={o.units.retireSure(name)}
      close={close}
      act={async () => {
        await engine.remove('units', region, String(unit.unitId), unit.version)
        done(o.units.retired(name))
      }}
    />
  )
}

function StateNow({ office, unit }: { readonly office: Office; readonly unit: OfficeRecord }) {
  const shift = office.shift!
  useTopic(shift.changes)
  const now = shift.board.units.get(String(unit.unitId))
  if (now === undefined) return <span class="quiet">{o.form.noValue}</span>
  return (
    <>
      <StatusMark status={now.status} /> {word('status', now.status)}
    </>
  )
}
