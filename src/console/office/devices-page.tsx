/** Programs with a key of their own: feeds of many units, and devices of one. */
import { useState } from 'preact/hooks'
import type { DeviceRecord } from '../../client/index.ts'
import type { Office } from './office.ts'
import { GOES_ON, SecretDialog } from './office-dialog.tsx'
import { o } from './office-strings.ts'
import { OfficeTable, useOfficeList } from './office-table.tsx'
import { momentWords } from './office-words.ts'
import type { RecordField, RecordValues } from './record-fields.ts'
import { RecordForm, type StoredRecord } from './record-form.tsx'

const NEW: readonly RecordField[] = [
  { name: 'name', label: o.devices.name, kind: 'text' },
  { name: 'role', label: o.devices.role, kind: 'choice', choices: Object.entries(o.devices.roles), initial: 'driver' },
  { name: 'region', label: o.devices.region, kind: 'text' },
  { name: 'unit', label: o.devices.unit, kind: 'optional', initial: null },
  { name: 'units', label: o.devices.units, kind: 'units', hint: o.devices.unitsHint, initial: null },
]
const CHANGED: readonly RecordField[] = [
  { name: 'name', label: o.devices.name, kind: 'text' },
  { name: 'units', label: o.devices.units, kind: 'units', hint: o.devices.unitsHint },
  { name: 'disabled', label: o.users.disabled, kind: 'check' },
]

type Doing =
  | { readonly is: 'add' }
  | { readonly is: 'secret'; readonly name: string; readonly secret: string | null }
  | { readonly is: 'edit'; readonly device: DeviceRecord }

export function DevicesPage({ office, region }: { readonly office: Office; readonly region: string | null }) {
  const { engine } = office
  const list = useOfficeList(() => engine.devices(), '')
  const [doing, setDoing] = useState<Doing | null>(null)
  const [key, setKey] = useState('')
  const done = (name: string) => {
    office.outcomes.say('done', o.devices.saved(name))
    list.again()
  }
  const add = () => {
    setKey(engine.newKey())
    setDoing({ is: 'add' })
  }
  return (
    <>
      <OfficeTable
        title={o.pages.devices}
        list={list}
        keyOf={({ id }) => id}
        text={({ name, role, region: of, unit }) => [name, role, of, unit].join(' ')}
        columns={[
          { label: o.devices.name, cell: ({ name }) => name },
          { label: o.devices.role, cell: ({ role }) => o.devices.roles[role] ?? role },
          { label: o.devices.region, cell: device => device.region },
          {
            label: o.devices.units,
            cell: ({ unit, units }) => unit ?? (units === null ? o.form.noValue : [units].flat().join(', ')),
          },
          {
            label: o.devices.lastUsed,
            cell: ({ lastUsedAtMs }) => (lastUsedAtMs === null ? o.devices.never : momentWords(lastUsedAtMs)),
          },
          {
            label: o.devices.state,
            cell: ({ disabled }) =>
              disabled ? <span class="late">{o.users.disabled}</span> : <span>{o.users.enabled}</span>,
          },
        ]}
        add={{ label: o.devices.add, run: add }}
        actions={device => (
          <button
            type="button"
            aria-label={o.devices.edit(device.name)}
            onClick={() => setDoing({ is: 'edit', device })}
          >
            ✎
          </button>
        )}
      />
      {doing !== null && (
        <DeviceDialog office={office} region={region} doing={doing} newKey={key} done={done} next={setDoing} />
      )}
    </>
  )
}

interface DeviceDialogProps {
  readonly office: Office
  readonly region: string | null
  readonly doing: Doing
  readonly newKey: string
  readonly done: (name: string) => void
  readonly next: (doing: Doing | null) => void
}

function DeviceDialog({ office: { engine }, region, doing, newKey, done, next }: DeviceDialogProps) {
  const close = () => next(null)
  if (doing.is === 'secret') {
    const { keyOf, once, lost } = o.devices
    return <SecretDialog title={keyOf(doing.name)} secret={doing.secret} once={once} lost={lost} close={close} />
  }
  if (doing.is === 'add')
    return (
      <RecordForm
        title={o.devices.add}
        fields={NEW.map(field => (field.name === 'region' ? { ...field, initial: region } : field))}
        stored={null}
        save={async ({ units, ...rest }) => {
          const { name, key } = await engine.addDevice(units === null ? rest : { ...rest, units }, newKey)
          done(name)
          next({ is: 'secret', name, secret: key })
          return GOES_ON
        }}
        close={close}
      />
    )
  const { device } = doing
  const fields = CHANGED.filter(({ name }) => device.role === 'feed' || name !== 'units')
  return (
    <RecordForm
      title={o.devices.edit(device.name)}
      fields={fields}
      stored={device as DeviceRecord & RecordValues}
      save={async (values, version) => {
        if (Object.keys(values).length === 0) return
        done((await engine.changeDevice(device.id, version!, values)).name)
      }}
      reread={async () => (await engine.device(device.id)) as DeviceRecord & StoredRecord}
      close={close}
    />
  )
}
