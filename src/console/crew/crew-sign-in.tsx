/** Before a shift: who is on this phone, and on which unit. */
import { useState } from 'preact/hooks'
import { type SignIn, SignInRefused, signIn } from '../../client/index.ts'
import { kept } from '../kept.ts'
import { crewKept } from './crew-kept.ts'
import { say } from './crew-strings.ts'

interface CrewSignInProps {
  readonly signedIn: SignIn | null
  readonly onSignedIn: (signedIn: SignIn) => void
  readonly leave: () => void
}

export function CrewSignIn({ signedIn, onSignedIn, leave }: CrewSignInProps) {
  const user = signedIn?.user ?? null
  const isOther = user !== null && user.unit === null
  return (
    <main class="crew sign-in-page">
      <h1>
        {say.product} <small>{say.title}</small>
      </h1>
      {isOther ? (
        <>
          <p role="alert">{say.signIn.notCrew(user.role)}</p>
          <button type="button" class="big" onClick={leave}>
            {say.settings.signOut}
          </button>
        </>
      ) : (
        <UnitForm onSignedIn={onSignedIn} />
      )}
    </main>
  )
}

const FIELDS = [
  { name: 'user', label: say.signIn.user, autocomplete: 'username' },
  { name: 'password', label: say.signIn.password, autocomplete: 'current-password' },
  { name: 'unit', label: say.signIn.unit, autocomplete: 'off' },
  { name: 'region', label: say.signIn.region, autocomplete: 'off' },
] as const
type Typed = Readonly<Record<(typeof FIELDS)[number]['name'], string>>

async function signInWith({ user, password, unit, region }: Typed): Promise<SignIn> {
  const deviceMark = kept.mark(user)
  const made = await signIn({
    ...{ url: location.origin, user, password, onTokens: tokens => crewKept.keepTokens(tokens) },
    ...(unit === '' ? {} : { unit }),
    ...(region === '' ? {} : { region }),
    ...(deviceMark === undefined ? {} : { deviceMark }),
  })
  kept.keepMark(user, crewKept.tokens()?.deviceMark ?? null)
  crewKept.keepUnit(unit)
  return made
}

function UnitForm({ onSignedIn }: Pick<CrewSignInProps, 'onSignedIn'>) {
  const [typed, setTyped] = useState<Typed>({ user: '', password: '', unit: crewKept.unit(), region: '' })
  const [isBusy, setBusy] = useState(false)
  const [asksRegion, setAsksRegion] = useState(false)
  const [refusal, setRefusal] = useState('')
  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setRefusal('')
    try {
      onSignedIn(await signInWith(typed))
    } catch (error) {
      const refused = error instanceof SignInRefused ? error.refusal : null
      if (refused?.code === 'invalid-field' && /region/i.test(refused.message)) setAsksRegion(true)
      setRefusal(refused?.message ?? (error as Error).message)
      setBusy(false)
    }
  }
  return (
    <form onSubmit={submit}>
      <h2>{say.signIn.title}</h2>
      {FIELDS.filter(({ name }) => name !== 'region' || asksRegion).map(({ name, label, autocomplete }) => {
        const value = typed[name]
        const onInput = (event: { readonly currentTarget: HTMLInputElement }) =>
          setTyped({ ...typed, [name]: event.currentTarget.value })
        const field = {
          id: `sign-in-${name}`,
          name,
          autocomplete,
          required: true,
          autocapitalize: 'none',
          value,
          onInput,
        } as const
        return (
          <label key={name} for={`sign-in-${name}`}>
            {label}
            {name === 'password' ? <input type="password" {...field} /> : <input type="text" {...field} />}
          </label>
        )
      })}
      <button type="submit" class="big primary" disabled={isBusy}>
        {isBusy ? say.signIn.busy : say.signIn.submit}
      </button>
      {refusal !== '' && (
        <p class="refusal" role="alert">
          {refusal}
        </p>
      )}
    </form>
  )
}
