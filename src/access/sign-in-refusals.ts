/** What signing in, staying so and signing out may be refused with, beside a wrong password. */
import type { Refusal } from '../base/refusal.ts'

export const GUEST_REFUSED: Refusal = {
  code: 'credentials-wrong',
  message:
    'This address lets nobody in: it was used, is more than ten minutes old, is of a demo that has ended, or is for the machine of the engine alone. goldenhour demo --guest-link prints another one while a demo runs.',
}

export const REFRESH_REFUSED: Refusal = {
  code: 'refresh-refused',
  message: 'This refresh token is spent, unknown or ended; sign in again with user and password.',
}

export const NO_SIGN_IN: Refusal = {
  code: 'not-found',
  message: 'This token belongs to no sign-in of this engine: it was made elsewhere, or on the command line.',
}

export const NO_SUCH_SESSION: Refusal = {
  code: 'not-found',
  message: 'This sign-in is not one of yours, or it has ended; list yours with GET /v1/auth/sessions.',
}

export const NO_ACCOUNT: Refusal = {
  code: 'not-found',
  message: 'The user of this token has no password here; change the password where the token comes from.',
}

export const UNCHANGED: Refusal = {
  code: 'password-unfit',
  message: 'The new password is the old one; choose another one.',
  details: { rule: 'unchanged' },
}
