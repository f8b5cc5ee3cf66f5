/** The console: a sign-in, then a shift at the desk. Its kept sign-in goes on after a reload, for as long as the tab is open. */
import { render } from 'preact'
import { useCallback, useEffect, useState } from 'preact/hooks'
import { resumeSignIn, type SignIn } from '../client/index.ts'
import { DeskPage } from './frame/desk.tsx'
import { useGuestEntry } from './frame/guest-entry.ts'
import { LoadedPart } from './frame/loaded-part.tsx'
import { officeStyle } from './frame/office-style.ts'
import { SignInPage } from './frame/sign-in-page.tsx'
import { applyTheme } from './frame/theme.ts'
import { kept } from './kept.ts'
import { forgetLastBoard } from './last-board.ts'
import { beginSeconds } from './passing-time.ts'
import { Shift } from './shift.ts'

function resumed(): SignIn | null {
  const tokens = kept.tokens()
  return tokens === null
    ? null
    : resumeSignIn({ url: location.origin, tokens, onTokens: next => kept.keepTokens(next) })
}

/** The pages of supervisors and administrators: a desk's first load is without them. */
const loadOffice = () =>
  Promise.all([import('./office/office-page.tsx'), officeStyle()]).then(([{ OfficePage }]) => OfficePage)

function App() {
  const [signedIn, setSignedIn] = useState<SignIn | null>(resumed)
  const [region, setRegion] = useState<string | null>(() => kept.region())
  const [shift, setShift] = useState<Shift | null>(null)
  const [isOffice, setOffice] = useState(false)
  const openOffice = useCallback(() => setOffice(true), [])
  const closeOffice = useCallback(() => setOffice(false), [])
  const guestRefusal = useGuestEntry(signedIn === null, setSignedIn)
  useEffect(() => {
    if (signedIn === null || region === null) return
    const made = new Shift(signedIn, region)
    setShift(made)
    return () => {
      made.close()
      setShift(null)
    }
  }, [signedIn, region])

  const enter = (to: string) => {
    kept.keepRegion(to)
    setRegion(to)
  }
  const leave = () => {
    kept.keepTokens(null)
    kept.keepRegion(null)
    kept.keepMine(null)
    forgetLastBoard()
    setRegion(null)
    setOffice(false)
    setSignedIn(null)
    void signedIn?.signOut().catch(() => undefined)
  }
  // An administrator has no board: whoever dispatches does it under another name.
  if (signedIn?.user?.role === 'admin')
    return <LoadedPart load={loadOffice} of="" props={{ signedIn, shift: null, back: null, leave }} />
  if (shift !== null && signedIn !== null && isOffice)
    return <LoadedPart load={loadOffice} of="" props={{ signedIn, shift, back: closeOffice, leave }} />
  if (shift !== null) return <DeskPage shift={shift} leave={leave} office={openOffice} />
  return <SignInPage signedIn={signedIn} notice={guestRefusal} onSignedIn={setSignedIn} enter={enter} leave={leave} />
}

applyTheme(kept.theme())
beginSeconds()
render(<App />, document.getElementById('app')!)
// Without it the page works as well, but an engine that is away cannot bring it.
void navigator.serviceWorker?.register('/console-worker.js', { scope: '/' }).catch(() => undefined)
