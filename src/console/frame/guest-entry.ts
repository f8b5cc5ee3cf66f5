/**
 * Lets the guest of a demo in by the ticket in the address. It stands behind a #, which browsers send to nobody, is taken out of the
 * address and the history before anything else happens, and is good once.
 */
import { useEffect, useState } from 'preact/hooks'
import { enterAsGuest, type SignIn, SignInRefused } from '../../client/index.ts'
import { kept } from '../kept.ts'

/** Output: why nobody was let in; empty where nobody asked. Input: whether somebody is signed in here already, who then stays. */
export function useGuestEntry(isFree: boolean, onSignedIn: (signedIn: SignIn) => void): string {
  const [refusal, setRefusal] = useState('')
  useEffect(() => {
    const look = () => {
      const ticket = takeTicket()
      if (ticket === null || !isFree) return
      enterAsGuest({ url: location.origin, ticket, onTokens: tokens => kept.keepTokens(tokens) }).then(
        onSignedIn,
        error => setRefusal(error instanceof SignInRefused ? error.refusal.message : (error as Error).message),
      )
    }
    look()
    addEventListener('hashchange', look)
    return () => removeEventListener('hashchange', look)
  }, [isFree, onSignedIn])
  return refusal
}

/** Null where the address has none. */
function takeTicket(): string | null {
  const ticket = /^#guest=([\w-]+)$/.exec(location.hash)?.[1] ?? null
  if (ticket !== null) history.replaceState(null, '', location.pathname)
  return ticket
}
