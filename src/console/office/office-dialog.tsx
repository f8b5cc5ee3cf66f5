/** A dialog over these pages: the focus stays in it, and Escape closes it. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { type ChangeProblem, problemOfChange } from './office.ts'
import { o } from './office-strings.ts'

/** What a step answers that has put another dialog in place of its own. */
export const GOES_ON = 'goes-on'

interface OfficeDialogProps {
  readonly title: string
  readonly close: () => void
  readonly children: ComponentChildren
}

export function OfficeDialog({ title, close, children }: OfficeDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog class="help office-dialog" ref={dialog} onClose={close} aria-labelledby="dialog-title">
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  )
}

interface SureDialogProps {
  readonly title: string
  readonly question: string
  readonly close: () => void
  readonly act: () => Promise<unknown>
}

/** Asks before what cannot be taken back at once. */
export function SureDialog({ title, question, close, act }: SureDialogProps) {
  const [problem, setProblem] = useState<ChangeProblem | null>(null)
  const [isBusy, setBusy] = useState(false)
  const run = async () => {
    setBusy(true)
    try {
      if ((await act()) !== GOES_ON) close()
    } catch (error) {
      setProblem(problemOfChange(error))
      setBusy(false)
    }
  }
  return (
    <OfficeDialog title={title} close={close}>
      <p>{question}</p>
      {problem !== null && (
        <p class="refusal" role="alert">
          {problem.message}
        </p>
      )}
      <p class="row end">
        <button type="button" onClick={close}>
          {o.form.cancel}
        </button>
        <button type="button" class="primary" disabled={isBusy} onClick={() => void run()}>
          {title}
        </button>
      </p>
    </OfficeDialog>
  )
}

interface SecretDialogProps {
  readonly title: string
  /** Null where an earlier answer had it. */
  readonly secret: string | null
  readonly once: string
  readonly lost: string
  readonly close: () => void
}

/** What is shown once. */
export function SecretDialog({ title, secret, once, lost, close }: SecretDialogProps) {
  const [isCopied, setCopied] = useState(false)
  const copy = () => void navigator.clipboard.writeText(secret ?? '').then(() => setCopied(true))
  return (
    <OfficeDialog title={title} close={close}>
      {secret === null ? (
        <p role="alert">{lost}</p>
      ) : (
        <>
          <p class="row">
            <code class="secret">{secret}</code>
            {'clipboard' in navigator && (
              <button type="button" onClick={copy}>
                {isCopied ? o.users.copied : o.users.copy}
              </button>
            )}
          </p>
          <p>{once}</p>
        </>
      )}
      <p class="row end">
        <button type="button" class="primary" onClick={close}>
          {o.form.close}
        </button>
      </p>
    </OfficeDialog>
  )
}
