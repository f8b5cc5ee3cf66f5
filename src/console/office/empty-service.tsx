/** A service without a region: what to do next, and how to see one that is made up. */
import { useState } from 'preact/hooks'
import type { Office } from './office.ts'
import { o } from './office-strings.ts'
import type { RecordField } from './record-fields.ts'
import { RecordForm } from './record-form.tsx'

const FIELDS: readonly RecordField[] = [
  { name: 'region', label: o.empty.id, kind: 'text', hint: o.empty.idHint },
  { name: 'name', label: o.empty.name, kind: 'text' },
  {
    name: 'timeZone',
    label: o.empty.timeZone,
    kind: 'text',
    hint: o.empty.timeZoneHint,
    initial: Intl.DateTimeFormat().resolvedOptions().timeZone,
  },
  {
    name: 'dispatchMode',
    label: o.empty.mode,
    kind: 'choice',
    choices: ['ordered', 'offered'].map(mode => [mode, o.policy.choices[mode]!]),
    initial: 'ordered',
  },
]

export function EmptyService({ office }: { readonly office: Office }) {
  const [isMaking, setMaking] = useState(false)
  const [key, setKey] = useState('')
  return (
    <section class="empty-service" aria-label={o.empty.title}>
      <h2>{o.empty.title}</h2>
      <p>{o.empty.what}</p>
      <h3>{o.empty.demo}</h3>
      <p>{o.empty.demoHow}</p>
      <pre>
        <code>{o.empty.demoCommand}</code>
      </pre>
      <p>{o.empty.demoWhat}</p>
      <h3>{o.empty.own}</h3>
      <p class="row">
        <button
          type="button"
          class="primary"
          onClick={() => {
            setKey(office.engine.newKey())
            setMaking(true)
          }}
        >
          {o.empty.make}
        </button>
        <button type="button" onClick={() => void office.readRegions()}>
          {o.again}
        </button>
      </p>
      <p>{o.empty.afterwards}</p>
      <pre>
        <code>{o.empty.roadsCommand}</code>
      </pre>
      {isMaking && (
        <RecordForm
          title={o.empty.make}
          fields={FIELDS}
          stored={null}
          save={async values => {
            await office.engine.addRegion(values, key)
            await office.readRegions()
          }}
          close={() => setMaking(false)}
        />
      )}
    </section>
  )
}
