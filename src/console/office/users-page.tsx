/** The people who sign in: made with a password that is shown once, changed, disabled, signed out. None is ever deleted. */
import { useState } from 'preact/hooks'
import type { UserRecord } from '../../client/index.ts'
import { newPassword } from './new-password.ts'
import type { Office } from './office.ts'
import { GOES_ON, SecretDialog, SureDialog } from './office-dialog.tsx'
import { o } from './office-strings.ts'
import { OfficeTable, useOfficeList } from './office-table.tsx'
import type { RecordField, RecordValues } from './record-fields.ts'
import { RecordForm, type StoredRecord } from './record-form.tsx'

const ROLES = ['driver', 'dispatcher', 'supervisor', 'admin'] as const

const FIELDS: readonly RecordField[] = [
  { name: 'name', label: o.users.name, kind: 'text', isFixed: true },
  {
    name: 'role',
    label: o.users.role,
    kind: 'choice',
    choices: ROLES.map(role => [role, role]),
    initial: 'dispatcher',
  },
  { name: 'regions', label: o.users.regions, kind: 'words', hint: o.form.wordsHint },
  { name: 'units', label: o.users.units, kind: 'units', hint: o.users.unitsHint, initial: null },
]

type UserStep = 'edit' | 'reset' | 'disable' | 'enable' | 'sign-out'
type Doing =
  | { readonly is: 'add' }
  | { readonly is: 'secret'; readonly name: string; readonly password: string | null }
  | { readonly is: UserStep; readonly user: UserRecord }

interface UserDialogProps {
  readonly office: Office
  readonly doing: Doing
  readonly newKey: string
  readonly done: (said: string) => void
  readonly next: (doing: Doing | null) => void
}

export function UsersPage({ office, region }: { readonly office: Office; readonly region: string | null }) {
  const { engine } = office
  const list = useOfficeList(() => engine.users(), '')
  const [doing, setDoing] = useState<Doing | null>(null)
  const [key, setKey] = useState('')
  const begin = (next: Doing) => {
    setKey(engine.newKey())
    setDoing(next)
  }
  const done = (said: string) => {
    office.outcomes.say('done', said)
    list.again()
  }
  const step =
    (is: UserStep, label: string, named = `${label}: `) =>
    (user: UserRecord) => (
      <button type="button" aria-label={`${named}${user.name}`} onClick={() => begin({ is, user })}>
        {label}
      </button>
    )
  return (
    <>
      <OfficeTable
        title={o.pages.users}
        list={list}
        keyOf={({ name }) => name}
        text={({ name, role, regions, disabled }) =>
          [name, role, ...regions, disabled ? o.users.disabled : ''].join(' ')
        }
        columns={[
          { label: o.users.name, cell: ({ name }) => name },
          { label: o.users.role, cell: ({ role }) => role },
          { label: o.users.regions, cell: ({ regions }) => regions.join(', ') || o.form.noValue },
          { label: o.users.units, cell: ({ units }) => unitsInWords(units) },
          {
            label: o.users.state,
            cell: ({ disabled }) =>
              disabled ? <span class="late">{o.users.disabled}</span> : <span>{o.users.enabled}</span>,
          },
        ]}
        add={{ label: o.users.add, run: () => begin({ is: 'add' }) }}
        actions={user => (
          <span class="row end">
            {step('edit', '✎', o.users.edit(''))(user)}
            {step('reset', o.users.reset)(user)}
            {step('sign-out', o.users.signOut)(user)}
            {user.disabled ? step('enable', o.users.enable)(user) : step('disable', o.users.disable)(user)}
          </span>
        )}
      />
      {doing?.is === 'add' && <AddUser office={office} region={region} newKey={key} done={done} next={setDoing} />}
      {doing !== null && doing.is !== 'add' && (
        <UserDialog office={office} doing={doing} newKey={key} done={done} next={setDoing} />
      )}
    </>
  )
}

const unitsInWords = (units: UserRecord['units']): string =>
  units === null ? o.form.noValue : units === 'all' ? 'all' : units.join(', ')

function AddUser({
  office: { engine },
  region,
  newKey,
  done,
  next,
}: Omit<UserDialogProps, 'doing'> & { readonly region: string | null }) {
  const fields = FIELDS.map(field =>
    field.name === 'regions' ? { ...field, initial: region === null ? [] : [region] } : field,
  )
  return (
    <RecordForm
      title={o.users.add}
      fields={fields}
      stored={null}
      save={async values => {
        const { units, ...rest } = values
        const { name, password = null } = await engine.addUser(units === null ? rest : values, newKey)
        done(o.users.saved(name))
        next({ is: 'secret', name, password })
        return GOES_ON
      }}
      close={() => next(null)}
    />
  )
}

function UserDialog({ office: { engine }, doing, newKey, done, next }: UserDialogProps) {
  const close = () => next(null)
  if (doing.is === 'add') return null
  if (doing.is === 'secret')
    return (
      <SecretDialog
        title={o.users.passwordOf(doing.name)}
        secret={doing.password}
        once={o.users.once}
        lost={o.users.lost}
        close={close}
      />
    )
  const { user } = doing
  const { name, version } = user
  const change = async (changes: RecordValues, at = version) => {
    await engine.changeUser(name, at, changes)
    done(o.users.saved(name))
  }
  switch (doing.is) {
    case 'edit':
      return (
        <RecordForm
          title={o.users.edit(name)}
          fields={FIELDS}
          stored={user as UserRecord & RecordValues}
          save={(values, at) => (Object.keys(values).length === 0 ? Promise.resolve() : change(values, at!))}
          reread={async () => (await engine.user(name)) as UserRecord & StoredRecord}
          close={close}
        />
      )
    case 'reset':
      return (
        <SureDialog
          title={o.users.reset}
          question={o.users.resetSure(name)}
          close={close}
          act={async () => {
            const password = newPassword()
            await change({ password })
            next({ is: 'secret', name, password })
            return GOES_ON
          }}
        />
      )
    case 'disable':
      return (
        <SureDialog
          title={o.users.disable}
          question={o.users.disableSure(name)}
          close={close}
          act={() => change({ disabled: true })}
        />
      )
    case 'enable':
      return <SureDialog title={o.users.enable} question={name} close={close} act={() => change({ disabled: false })} />
    case 'sign-out':
      return (
        <SureDialog
          title={o.users.signOut}
          question={o.users.signOutSure(name)}
          close={close}
          act={async () => {
            await engine.signOutUser(name, newKey)
            done(o.users.signedOut(name))
          }}
        />
      )
  }
}
