/** The sheet of keys. */
import { useEffect, useRef } from 'preact/hooks'
import { t } from '../strings.ts'

export function HelpSheet({ close }: { readonly close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog class="help" ref={dialog} onClose={close} aria-labelledby="help-title">
      <h2 id="help-title">{t.help.title}</h2>
      <table>
        <tbody>
          {t.help.keys.map(([keys, what]) => (
            <tr key={keys}>
              <th scope="row">
                <kbd>{keys}</kbd>
              </th>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="row">
        <a href="/assets/licenses.txt" target="_blank" rel="noreferrer">
          {t.help.licenses}
        </a>
        <button type="button" class="primary" onClick={close}>
          {t.help.close}
        </button>
      </p>
    </dialog>
  )
}
