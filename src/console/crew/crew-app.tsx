/** The crew's page: a sign-in for one unit, then its shift. A kept sign-in goes on after a reload, for as long as the tab is open. */
import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { resumeSignIn, type SignIn } from '../../client/index.ts'
import { applyTheme } from '../frame/theme.ts'
import { kept } from '../kept.ts'
import { beginSeconds } from '../passing-time.ts'
import { crewKept } from './crew-kept.ts'
import { CrewPage } from './crew-page.tsx'
import { CrewShift } from './crew-shift.ts'
import { CrewSignIn } from './crew-sign-in.tsx'

function resumed(): SignIn | null {
  const tokens = crewKept.tokens()
  if (tokens === null) return null
  return resumeSignIn({ url: location.origin, tokens, onTokens: next => crewKept.keepTokens(next) })
}

function CrewApp() {
  const [signedIn, setSignedIn] = useState<SignIn | null>(resumed)
  const [shift, setShift] = useState<CrewShift | null>(null)
  useEffect(() => {
    const unitId = signedIn?.user?.unit ?? null
    if (signedIn === null || unitId === null) return
    const made = new CrewShift(signedIn, unitId)
    const warn = (event: BeforeUnloadEvent) => {
      if (made.isWaiting) event.preventDefault()
    }
    addEventListener('beforeunload', warn)
    setShift(made)
    return () => {
      removeEventListener('beforeunload', warn)
      made.close()
      setShift(null)
    }
  }, [signedIn])

  const leave = () => {
    crewKept.keepTokens(null)
    setSignedIn(null)
    void signedIn?.signOut().catch(() => undefined)
  }
  if (shift !== null) return <CrewPage shift={shift} leave={leave} />
  // The shift begins in a moment.
  if (signedIn?.user?.unit != null) return null
  return <CrewSignIn signedIn={signedIn} onSignedIn={setSignedIn} leave={leave} />
}

applyTheme(kept.theme())
beginSeconds()
// The page itself is kept for where there is no connection. A browser without that, or plain http, works all the same.
void navigator.serviceWorker?.register('/driver-worker.js', { scope: '/driver' }).catch(() => undefined)
render(<CrewApp />, document.getElementById('app')!)
