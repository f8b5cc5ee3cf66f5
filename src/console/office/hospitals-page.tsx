/** The hospitals of a region: where patients are brought, and what each can do. */
import { useState } from 'preact/hooks'
import { HOSPITAL_STATUSES, type HospitalStatus, type OfficeRecord } from '../../client/index.ts'
import { coordinates } from '../format.ts'
import { word } from '../spoken-words.ts'
import type { Office } from './office.ts'
import { SureDialog } from './office-dialog.tsx'
import { o } from './office-strings.ts'
import { OfficeTable, useOfficeList } from './office-table.tsx'
import { momentWords } from './office-words.ts'
import type { RecordField, RecordValues } from './record-fields.ts'
import { RecordForm } from './record-form.tsx'

const FIELDS: readonly RecordField[] = [
  { name: 'hospitalId', label: o.hospitals.id, kind: 'text', isFixed: true },
  { name: 'name', label: o.hospitals.name, kind: 'text' },
  { name: 'latDeg', label: o.hospitals.lat, kind: 'number' },
  { name: 'lonDeg', label: o.hospitals.lon, kind: 'number' },
  { name: 'address', label: o.hospitals.address, kind: 'optional', initial: null },
  { name: 'emergencyDepartment', label: o.hospitals.emergency, kind: 'check', initial: true },
  { name: 'capabilities', label: o.hospitals.capabilities, kind: 'words', hint: o.form.wordsHint, initial: [] },
]

const STATUS_FIELDS: readonly RecordField[] = [
  {
    name: 'status',
    label: o.hospitals.status,
    kind: 'choice',
    choices: HOSPITAL_STATUSES.map(status => [status, word('hospital', status)]),
  },
  { name: 'statusNote', label: o.hospitals.statusNote, kind: 'optional' },
]

interface HospitalsPageProps {
  readonly office: Office
  readonly region: string
}

type Doing = { readonly is: 'add' } | { readonly is: 'edit' | 'remove' | 'status'; readonly hospital: OfficeRecord }

const placeOf = ({ latDeg, lonDeg }: OfficeRecord): string =>
  coordinates({ latDeg: Number(latDeg), lonDeg: Number(lonDeg) })

export function HospitalsPage({ office, region }: HospitalsPageProps) {
  const { engine } = office
  const list = useOfficeList(() => engine.list('hospitals', region), region)
  const [doing, setDoing] = useState<Doing | null>(null)
  const [key, setKey] = useState('')
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
        title={o.pages.hospitals}
        list={list}
        keyOf={({ hospitalId }) => String(hospitalId)}
        text={({ hospitalId, name, address, capabilities }) => [hospitalId, name, address, capabilities].join(' ')}
        columns={[
          { label: o.hospitals.name, cell: ({ name }) => String(name) },
          { label: o.hospitals.status, cell: statusOf },
          { label: o.hospitals.id, cell: ({ hospitalId }) => String(hospitalId) },
          {
            label: o.hospitals.emergency,
            cell: ({ emergencyDepartment }) => (emergencyDepartment === true ? o.form.yes : o.form.no),
          },
          {
            label: o.hospitals.capabilities,
            cell: ({ capabilities }) => (capabilities as readonly string[]).join(', '),
          },
          { label: o.hospitals.address, cell: hospital => String(hospital.address ?? placeOf(hospital)) },
        ]}
        {...(office.mayWrite && { add: { label: o.hospitals.add, run: add } })}
        actions={(hospital: OfficeRecord) => (
          <HospitalKeys hospital={hospital} mayWrite={office.mayWrite} press={is => setDoing({ is, hospital })} />
        )}
      />
      {doing !== null && (
        <HospitalDialog
          office={office}
          region={region}
          doing={doing}
          newKey={key}
          done={done}
          close={() => setDoing(null)}
        />
      )}
    </>
  )
}

interface HospitalKeysProps {
  readonly hospital: OfficeRecord
  readonly mayWrite: boolean
  readonly press: (is: 'edit' | 'remove' | 'status') => void
}

const HospitalKeys = ({ hospital: { name }, mayWrite, press }: HospitalKeysProps) => (
  <>
    <button type="button" aria-label={o.hospitals.statusOf(String(name))} onClick={() => press('status')}>
      {o.hospitals.status}
    </button>
    {mayWrite && (
      <>
        {' '}
        <button type="button" aria-label={o.hospitals.edit(String(name))} onClick={() => press('edit')}>
          ✎
        </button>{' '}
        <button type="button" onClick={() => press('remove')}>
          {o.hospitals.remove}
        </button>
      </>
    )}
  </>
)

interface HospitalDialogProps extends HospitalsPageProps {
  readonly doing: Doing
  readonly newKey: string
  readonly done: (said: string) => void
  readonly close: () => void
}

/** As people said it last, and since when. */
function statusOf({ status, statusNote, statusSinceMs }: OfficeRecord): string {
  const said = word('hospital', String(status))
  if (status === 'open') return said
  const standing = o.hospitals.since(said, momentWords(Number(statusSinceMs)))
  return statusNote === null ? standing : `${standing}: ${String(statusNote)}`
}

function HospitalDialog({ office: { engine, shift }, region, doing, newKey, done, close }: HospitalDialogProps) {
  if (doing.is === 'add') {
    const save = async (values: object) => {
      const { name } = await engine.add('hospitals', region, values, newKey)
      done(o.hospitals.saved(String(name)))
    }
    return <RecordForm title={o.hospitals.add} fields={FIELDS} stored={null} save={save} close={close} />
  }
  const { hospital } = doing
  const [id, name] = [String(hospital.hospitalId), String(hospital.name)]
  if (doing.is === 'remove') {
    const act = async () => {
      await engine.remove('hospitals', region, id, hospital.version)
      done(o.hospitals.removed(name))
    }
    return <SureDialog title={o.hospitals.remove} question={o.hospitals.removeSure(name)} close={close} act={act} />
  }
  if (doing.is === 'status') {
    const save = async (values: RecordValues, version: number | null) => {
      const { status, statusNote: note } = { ...hospital, ...values }
      const said = { status: status as HospitalStatus, note: note as string | null }
      const now = await engine.setHospitalStatus(region, id, version!, said)
      done(`${name}: ${word('hospital', String(now.status))}.`)
      await shift?.readHospitals()
    }
    const reread = () => engine.one('hospitals', region, id)
    const title = o.hospitals.setStatus(name)
    return <RecordForm {...{ title, save, reread, close }} fields={STATUS_FIELDS} stored={hospital} />
  }
  return (
    <RecordForm
      title={o.hospitals.edit(name)}
      fields={FIELDS}
      stored={hospital}
      save={async (values, version) => {
        if (Object.keys(values).length === 0) return
        const now = await engine.change('hospitals', region, id, version!, values)
        done(o.hospitals.saved(String(now.name)))
      }}
      reread={() => engine.one('hospitals', region, id)}
      close={close}
    />
  )
}
