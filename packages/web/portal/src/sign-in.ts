/** The sign-in that a portal needs where nobody may open it without: e-mail and password, then what the system asks for. */
import { askForReset, type Link, offersReset, type SignInStep, signInStep, usePasskey } from './api.ts'
import { element } from './frame/dom.ts'
import type { Fields } from './model/fields.ts'
import type { Person } from './session.ts'

type CodeStep = Extract<SignInStep, { state: 'code' }>

const otherWays: Record<string, string> = {
  passkey: 'Use a passkey',
  totp: 'Use the authenticator app',
  phone: 'Send a code to the phone',
  recovery: 'Use a recovery code',
}

/** Resolves when somebody is in. `why` is told above the form. */
export function askForSignIn(root: HTMLElement, link: Link, why: string): Promise<Person> {
  document.title = `Sign in to ${link.name}`
  return new Promise((resolve) => {
    const message = element('div', { class: 'gh-message', text: why, attributes: { role: 'alert' } })
    const place = element('div')
    root.replaceChildren(
      element('main', {
        class: 'gh-sign-in',
        children: [
          element('div', { class: 'gh-card', children: [element('h1', { text: link.name }), message, place] }),
        ],
      }),
    )
    /** E-mail and password, until somebody is in: another second factor begins with them. */
    let begun: Fields = {}
    const take = (step: SignInStep): void => {
      if (step.state === 'in') {
        begun = {}
        resolve({ email: step.email, authToken: step.token })
        return
      }
      message.textContent = step.state === 'refused' ? step.message : ''
      if (step.state === 'code') showCode(step)
    }
    const form = (fields: Node[], label: string, send: () => Promise<void>): HTMLFormElement => {
      const button = element('button', { class: 'btn btn-primary', text: label, attributes: { type: 'submit' } })
      const made = element('form', { children: [...fields, button] })
      made.addEventListener('submit', async (event) => {
        event.preventDefault()
        button.disabled = true
        message.textContent = ''
        await send()
        button.disabled = false
      })
      place.replaceChildren(made)
      const boxes = [...made.querySelectorAll('input')]
      const empty = boxes.find(({ value }) => value === '')
      ;(empty ?? boxes[0])?.focus()
      return made
    }
    const moreUnder = (made: HTMLFormElement) => {
      const more = element('div', { class: 'gh-more' })
      made.append(more)
      return (label: string, act: () => void): void => {
        const one = element('button', { class: 'btn btn-link', text: label, attributes: { type: 'button' } })
        one.addEventListener('click', () => {
          message.textContent = ''
          act()
        })
        more.append(one)
      }
    }
    const reset = offersReset(link)
    const showPassword = (given = '', says?: string): void => {
      const email = input('gh-email', 'E-mail', 'email', 'username')
      const password = input('gh-password', 'Password', 'password', 'current-password')
      email.box.value = given
      const told = says === undefined ? [] : [element('p', { text: says, attributes: { role: 'status' } })]
      const made = form([...told, email.field, password.field], 'Sign in', async () => {
        begun = { email: email.box.value.trim(), password: password.box.value, factor: 1 }
        password.box.value = ''
        take(await signInStep(link, begun))
      })
      const button = moreUnder(made)
      void reset.then(
        (offered) => offered && button('Forgotten your password?', () => showReset(email.box.value.trim())),
      )
    }
    const showReset = (given: string): void => {
      const email = input('gh-email', 'E-mail', 'email', 'username')
      email.box.value = given
      const says = 'You are sent a link, on whose page you set another password.'
      const made = form([element('p', { text: says }), email.field], 'Send the link', async () => {
        const to = email.box.value.trim()
        try {
          await askForReset(link, to)
        } catch (error) {
          message.textContent = (error as Error).message
          return
        }
        showPassword(to, `If ${to} has an account here, the link is on its way. It is good once, for half an hour.`)
      })
      moreUnder(made)('Back', () => showPassword(email.box.value.trim()))
    }
    const answer = async (factorId: string, code: unknown): Promise<void> => {
      take(await signInStep(link, { factor: 2, factor_id: factorId, code }))
    }
    const codeForm = ({ message: says, factorId, kind }: CodeStep): HTMLFormElement => {
      const code = input('gh-code', 'Code', 'text', 'one-time-code')
      code.box.inputMode = kind === 'recovery' ? 'text' : 'numeric'
      return form([element('p', { text: says }), code.field], 'Continue', () => answer(factorId, code.box.value.trim()))
    }
    const passkeyForm = ({ message: says, factorId }: CodeStep, asked: PublicKeyCredentialRequestOptionsJSON) =>
      form([element('p', { text: says })], 'Use the passkey', async () => {
        const code = await usePasskey(asked)
        if (code !== undefined) return answer(factorId, code)
        message.textContent = 'The passkey was not used. Try again, or in another way.'
      })
    const showCode = (step: CodeStep): void => {
      const made = step.passkey === undefined ? codeForm(step) : passkeyForm(step, step.passkey)
      const button = moreUnder(made)
      if (step.kind === 'phone') {
        button('Send a new code', async () => {
          take(await signInStep(link, { factor_id: step.factorId, resend: true }))
        })
      }
      for (const kind of step.others) {
        const label = otherWays[kind]
        if (label === undefined) continue
        button(label, async () => {
          take(await signInStep(link, { ...begun, factor_kind: kind }))
        })
      }
      button('Begin again', () => {
        begun = {}
        showPassword()
      })
    }
    showPassword()
  })
}

function input(id: string, label: string, type: string, autocomplete: string) {
  const attributes = { id, type, autocomplete, required: '' }
  const box = element('input', { class: 'form-control', attributes })
  const field = element('div', {
    class: 'gh-field',
    children: [element('label', { text: label, attributes: { for: id } }), box],
  })
  return { box, field }
}
