/** The page before a shift: who works here, and which region. It says whether the engine is ready at all. */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { engineStatus, type SignIn, SignInRefused, signIn } from '../../client/index.ts'
import { kept } from '../kept.ts'
import { every } from '../passing-time.ts'
import { t } from '../strings.ts'

interface SignInProps {
  readonly signedIn: SignIn | null
  /** Why an address with a ticket let nobody in; empty where none did not. */
  readonly notice: string
  readonly onSignedIn: (signedIn: SignIn) => void
  readonly enter: (region: string) => void
  readonly leave: () => void
}

const LOOK_EVERY_MS = 3_000

export function SignInPage({ signedIn, notice, onSignedIn, enter, leave }: SignInProps) {
  const user = signedIn?.user ?? null
  const only = user?.regions.length === 1 ? user.regions[0] : undefined
  const isDesk = user?.role === 'dispatcher' || user?.role === 'supervisor'
  useEffect(() => {
    if (isDesk && only !== undefined) enter(only)
  }, [isDesk, only, enter])
  if (signedIn === null || user === null)
    return (
      <Card>
        {notice !== '' && (
          <p class="refusal" role="alert">
            {notice}
          </p>
        )}
        <PasswordForm onSignedIn={onSignedIn} />
      </Card>
    )
  if (!isDesk)
    return (
      <Card>
        <p role="alert">{t.signIn.notDesk(user.role)}</p>
        <Leave leave={leave} />
      </Card>
    )
  if (user.regions.length === 0)
    return (
      <Card>
        <p role="alert">{t.signIn.noRegion}</p>
        <Leave leave={leave} />
      </Card>
    )
  return (
    <Card>
      <h2>{t.signIn.chooseRegion}</h2>
      <ul class="regions">
        {user.regions.map(region => (
          <li key={region}>
            <button type="button" class="wide" onClick={() => enter(region)}>
              {region}
            </button>
          </li>
        ))}
      </ul>
      <Leave leave={leave} />
    </Card>
  )
}

const Leave = ({ leave }: { readonly leave: () => void }) => (
  <button type="button" onClick={leave}>
    {t.frame.signOut}
  </button>
)

function Card({ children }: { readonly children: ComponentChildren }) {
  const [status, setStatus] = useState('ready')
  useEffect(() => {
    const look = () => void engineStatus({ url: location.origin }).then(found => setStatus(found ?? 'none'))
    look()
    return every(LOOK_EVERY_MS, look)
  }, [])
  return (
    <main class="sign-in">
      <div class="card">
        <h1>{t.product}</h1>
        {children}
        <p class={`engine ${status === 'ready' ? 'good' : 'bad'}`} role="status">
          {t.signIn.status[status] ?? status}
        </p>
      </div>
    </main>
  )
}

function PasswordForm({ onSignedIn }: Pick<SignInProps, 'onSignedIn'>) {
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState('')
  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setRefusal('')
    try {
      const deviceMark = kept.mark(user)
      const made = await signIn({
        ...{ url: location.origin, user, password, onTokens: tokens => kept.keepTokens(tokens) },
        ...(deviceMark === undefined ? {} : { deviceMark }),
      })
      kept.keepMark(user, kept.tokens()?.deviceMark ?? null)
      onSignedIn(made)
    } catch (error) {
      setRefusal(error instanceof SignInRefused ? error.refusal.message : (error as Error).message)
      setBusy(false)
    }
  }
  return (
    <form onSubmit={submit}>
      <h2>{t.signIn.title}</h2>
      <label>
        {t.signIn.user}
        <input
          name="user"
          autocomplete="username"
          required
          autofocus
          value={user}
          onInput={event => setUser(event.currentTarget.value)}
        />
      </label>
      <label>
        {t.signIn.password}
        <input
          name="password"
          type="password"
          autocomplete="current-password"
          required
          value={password}
          onInput={event => setPassword(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary wide" disabled={isBusy}>
        {isBusy ? t.signIn.busy : t.signIn.submit}
      </button>
      {refusal !== '' && (
        <p class="refusal" role="alert">
          {refusal}
        </p>
      )}
      <p class="quiet">{t.signIn.firstUse}</p>
    </form>
  )
}
