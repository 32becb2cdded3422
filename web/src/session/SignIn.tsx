// Signing in: name, password and, where the account has it, the code of the phone. Over an open page when the session has
// ended: what was typed below stays.
import { Alert, Button, Modal, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../shared/api';
import { said } from '../shared/format';
import { IconInfo } from '../shared/icons';
import { refusalIn } from '../shared/refusal';
import { Failure } from '../shared/states';
import { signIn, useSessionState } from './session';

function SignInForm({ name }: { name?: string }) {
  const { t, i18n } = useTranslation('trial');
  const [user, setUser] = useState(name ?? '');
  const [password, setPassword] = useState('');
  const [otp, setOtp] = useState('');
  const [askOtp, setAskOtp] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const code = useRef<HTMLInputElement>(null);
  const secret = useRef<HTMLInputElement>(null);
  useEffect(() => { if (askOtp) code.current?.focus(); }, [askOtp]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await signIn(user.trim(), password, otp.trim() || undefined);
    } catch (e) {
      if (e instanceof ApiError && e.code === 'otp_needed') setAskOtp(true);
      else {
        setError(e);
        setPassword('');
        setOtp('');
        secret.current?.focus();
      }
    } finally { setBusy(false); }
  };

  const refused = error instanceof ApiError && (error.status === 401 || error.status === 429);
  return (
    <form onSubmit={(e) => void submit(e)}>
      <Stack gap="md">
        <TextInput label={t('signIn.user')} name="user" autoComplete="username" autoCapitalize="none" spellCheck={false} value={user} size="md" required withAsterisk={false} readOnly={name !== undefined}
          onChange={(e) => setUser(e.currentTarget.value)} data-autofocus={name === undefined ? true : undefined} />
        <PasswordInput ref={secret} label={t('signIn.password')} name="password" autoComplete="current-password" value={password} size="md" required withAsterisk={false} onChange={(e) => setPassword(e.currentTarget.value)}
          data-autofocus={name !== undefined ? true : undefined} visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }} />
        {askOtp && (
          <TextInput ref={code} label={t('signIn.otp')} description={t('signIn.otpText')} name="otp" inputMode="numeric" autoComplete="one-time-code" maxLength={8} value={otp} size="md" required withAsterisk={false}
            onChange={(e) => setOtp(e.currentTarget.value)} />
        )}
        {error !== null && (refused
          ? <Alert role="alert" color="red" variant="light" icon={<IconInfo />} title={error.status === 429 ? t('signIn.tooMany') : t('signIn.wrong')} styles={{ title: { color: 'var(--lumbar-bad)' } }}><Text c="var(--mantine-color-text)">{error.status === 429 ? refusalIn(error.message, i18n.language) : t('signIn.wrongText')}</Text></Alert>
          : <Failure error={error} />)}
        <Button type="submit" size="md" loading={busy}>{t('signIn.button')}</Button>
      </Stack>
    </form>
  );
}

/** The page before anyone is signed in. */
export function SignInPage() {
  const { t, i18n } = useTranslation('trial');
  const { session } = useSessionState();
  const title = said(session?.study?.title ?? '', i18n.language);
  useEffect(() => { document.title = `${t('signIn.title')} · Lumbar`; }, [t]);
  return (
    <div className="sign-in">
      <Paper p="xl" className="surface" maw={440} w="100%">
        <Title order={1} fz="1.5rem">{t('signIn.title')}</Title>
        {title && <Text c="dimmed" mb="lg" mt={4}>{title}</Text>}
        <SignInForm />
        <Text fz="sm" c="dimmed" mt="lg">{t('signIn.help')}</Text>
      </Paper>
    </div>
  );
}

/** Over the page when the session has ended. */
export function SignInAgain() {
  const { t } = useTranslation('trial');
  const { ended, session } = useSessionState();
  if (!ended) return null;
  return (
    <Modal opened onClose={() => undefined} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title={t('signIn.ended')} overlayProps={{ backgroundOpacity: 0.85 }} transitionProps={{ duration: 0 }}>
      <Text mb="md">{t('signIn.endedText')}</Text>
      <SignInForm name={session?.user?.name} />
    </Modal>
  );
}
