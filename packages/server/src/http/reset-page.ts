/** The page behind the link of an e-mail, on which a user sets a new password. Token and system stay behind the `#`. */
import { html, page } from './pages.ts'
import type { Reply } from './route.ts'

const script = `const form=document.querySelector('form'),answer=document.querySelector('#answer');
const [system_key,token]=location.hash.slice(1).split('.');history.replaceState(null,'',location.pathname);
if(system_key&&token)form.hidden=false;else answer.textContent='This page needs the whole link of the e-mail. Open it from there.';
form.addEventListener('submit',async event=>{event.preventDefault();const {password,again}=Object.fromEntries(new FormData(form));
if(password!==again){answer.textContent='The two are not the same.';return}answer.textContent='One moment …';
try{const response=await fetch('/api/v/4/user/password/reset/confirm',{method:'POST',body:JSON.stringify({system_key,token,new_password:password})});
const result=await response.json();
if(response.ok){form.remove();answer.textContent='Your new password is set. Sign in with it where you always do.'}
else answer.textContent=result.error?.detail??'That did not work.'}catch{answer.textContent='The node did not answer.'}});`

/** The same for everybody; the policy allows this page's own script alone. */
export const resetPage = (): Reply =>
  html(
    page(
      'A new password',
      `<h1>A new password</h1><form hidden><label for="password">New password</label>
<input id="password" name="password" type="password" required autocomplete="new-password">
<label for="again">The same again</label><input id="again" name="again" type="password" required autocomplete="new-password">
<button>Set it</button></form><p id="answer" role="status"></p><script>${script}</script>`,
    ),
    script,
  )
