/**
 * A form for one thing: new, or changed at the version that was read.
 *
 * Where somebody else has changed it meanwhile the form says what, keeps what was typed here, and goes on from what stands now.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { AtVersion } from '../../client/index.ts'
import { type ChangeProblem, problemOfChange } from './office.ts'
import { GOES_ON, OfficeDialog } from './office-dialog.tsx'
import { o } from './office-strings.ts'
import {
  fieldsChanged,
  type RecordField,
  type RecordValues,
  spokenValue,
  typedOf,
  valueTyped,
} from './record-fields.ts'

export type StoredRecord = AtVersion & RecordValues

interface RecordFormProps {
  readonly title: string
  readonly fields: readonly RecordField[]
  /** Null: it is new. */
  readonly stored: StoredRecord | null
  /**
   * Input: all fields of a new thing; of one that stands those that were changed, and the version that they were changed at.
   * Output: GOES_ON where another dialog has taken this one's place.
   */
  readonly save: (values: RecordValues, version: number | null) => Promise<unknown>
  /** As it stands now; left out where nothing can be changed but once. */
  readonly reread?: () => Promise<StoredRecord>
  readonly close: () => void
}

export function RecordForm({ title, fields, stored, save, reread, close }: RecordFormProps) {
  const [base, setBase] = useState<StoredRecord | null>(stored)
  const [typed, setTyped] = useState<TypedFields>({})
  const [problem, setProblem] = useState<ChangeProblem | null>(null)
  const [theirs, setTheirs] = useState<readonly RecordField[] | null>(null)
  const [isBusy, setBusy] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    const wrong = form.current?.querySelector<HTMLElement>('[aria-invalid=true]')
    wrong?.focus()
  }, [problem])
  const current = (field: RecordField) => shownIn(field, base, typed)
  const meanwhile = async () => {
    if (reread === undefined || base === null) return
    const now = await reread()
    setTheirs(fieldsChanged(fields, base, now))
    setBase(now)
  }
  const submit = async (event: Event) => {
    event.preventDefault()
    if (isBusy) return
    setBusy(true)
    setProblem(null)
    setTheirs(null)
    try {
      if ((await save(valuesIn(fields, base, typed), base?.version ?? null)) !== GOES_ON) close()
    } catch (error) {
      const told = problemOfChange(error)
      if (told.code === 'version-differs') await meanwhile().catch(late => setProblem(problemOfChange(late)))
      else setProblem(told)
      setBusy(false)
    }
  }
  return (
    <OfficeDialog title={title} close={close}>
      <form ref={form} onSubmit={submit} class="record" noValidate>
        {theirs !== null && <TheirChanges fields={theirs} now={base!} />}
        {fields.map(field => (
          <FieldInput
            key={field.name}
            field={field}
            value={current(field)}
            isFixed={base !== null && field.isFixed === true}
            problem={problem !== null && isOf(problem.path, field.name) ? problem.message : null}
            set={value => setTyped(now => ({ ...now, [field.name]: value }))}
          />
        ))}
        {problem !== null && (
          <p class="refusal" role="alert">
            {problem.message} {problem.code === 'unknown' && o.form.unknown}
          </p>
        )}
        <p class="row end">
          <button type="button" onClick={close}>
            {o.form.cancel}
          </button>
          <button type="submit" class="primary" disabled={isBusy}>
            {isBusy ? o.form.busy : base === null ? o.form.add : o.form.save}
          </button>
        </p>
      </form>
    </OfficeDialog>
  )
}

type TypedFields = Readonly<Record<string, string | boolean>>

/** What stands in a field: what was typed, or what stands. */
function shownIn(field: RecordField, base: StoredRecord | null, typed: TypedFields): string | boolean {
  const standing = base === null ? field.initial : base[field.name]
  return typed[field.name] ?? (field.kind === 'check' ? standing === true : typedOf(field, standing))
}

/** All fields of a new thing; of one that stands those that were typed. */
function valuesIn(fields: readonly RecordField[], base: StoredRecord | null, typed: TypedFields): RecordValues {
  const sent = fields.filter(({ name, isFixed }) => base === null || (isFixed !== true && name in typed))
  return Object.fromEntries(
    sent.map(field => {
      const given = shownIn(field, base, typed)
      return [field.name, typeof given === 'boolean' ? given : valueTyped(field, given)]
    }),
  )
}

const isOf = (path: string | null, name: string): boolean => path === name || path?.startsWith(`${name}.`) === true

function TheirChanges({ fields, now }: { readonly fields: readonly RecordField[]; readonly now: StoredRecord }) {
  const names = fields.map(field => `${field.label} ${o.form.now(spokenValue(field, now[field.name]))}`).join(', ')
  return (
    <p class="meanwhile" role="alert">
      {o.form.changedMeanwhile(names === '' ? o.form.changedNothingOfYours : names)}
    </p>
  )
}

interface FieldInputProps {
  readonly field: RecordField
  readonly value: string | boolean
  readonly isFixed: boolean
  readonly problem: string | null
  readonly set: (value: string | boolean) => void
}

function FieldInput({ field, value, isFixed, problem, set }: FieldInputProps) {
  const { name, label, kind, choices = [], hint } = field
  const about = `about-${name}`
  const common = {
    name,
    disabled: isFixed,
    'aria-invalid': problem !== null,
    'aria-describedby': problem !== null || hint !== undefined ? about : undefined,
  } as const
  if (kind === 'check')
    return (
      <label class="check">
        <input
          {...common}
          type="checkbox"
          checked={value === true}
          onChange={event => set(event.currentTarget.checked)}
        />
        {label}
      </label>
    )
  return (
    <div>
      <label for={`field-${name}`}>
        {label}
        {kind === 'choice' ? (
          <select
            {...common}
            id={`field-${name}`}
            value={String(value)}
            onChange={event => set(event.currentTarget.value)}
          >
            {choices.map(([each, words]) => (
              <option key={each} value={each}>
                {words}
              </option>
            ))}
          </select>
        ) : (
          <input
            {...common}
            id={`field-${name}`}
            type="text"
            autocomplete="off"
            inputMode={kind === 'number' ? 'decimal' : 'text'}
            value={String(value)}
            onInput={event => set(event.currentTarget.value)}
          />
        )}
      </label>
      {(problem !== null || hint !== undefined) && (
        <small id={about} class={problem === null ? 'quiet' : 'refusal'}>
          {problem ?? hint}
        </small>
      )}
    </div>
  )
}
