// One's own account: the first password changed, the code of the phone enrolled with a picture to scan.
import { Button, Group, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { said } from '../shared/format';
import { IconOk, IconWarning } from '../shared/icons';
import { Page } from '../shared/Page';
import { Failure } from '../shared/states';
import { post } from '../shared/trial';
import { account, loadSession, signOut, useMay, useSession } from './session';

function Svg({ svg, alt }: { svg: string; alt: string }) {
  return <img className="qr" alt={alt} src={`data:image/svg+xml;utf8,${encodeURIComponent(svg)}`} width={220} height={220} />;
}

function Password({ must }: { must: boolean }) {
  const { t } = useTranslation('trial');
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [done, setDone] = useState(false);
  const differs = again !== '' && fresh !== again;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (fresh !== again) return;
    setError(null);
    try {
      await account('/api/session/password', { old, new: fresh });
      setDone(true);
      setOld(''); setFresh(''); setAgain('');
      await loadSession();
    } catch (e) { setError(e); }
  };
  return (
    <Paper p="lg" className="surface" mb="md">
      <Title order={2} mb="xs">{t('account.password')}</Title>
      {must && <p className="status" data-kind="warn"><IconWarning />{t('account.mustPassword')}</p>}
      <form onSubmit={(e) => void submit(e)}>
        <Stack gap="sm" maw={420}>
          <PasswordInput label={t('account.old')} autoComplete="current-password" required value={old} onChange={(e) => setOld(e.currentTarget.value)} />
          <PasswordInput label={t('account.new')} description={t('account.newText')} autoComplete="new-password" required minLength={12} value={fresh} onChange={(e) => setFresh(e.currentTarget.value)} />
          <PasswordInput label={t('account.again')} autoComplete="new-password" required value={again} error={differs ? t('account.differs') : undefined} onChange={(e) => setAgain(e.currentTarget.value)} />
          {error !== null && <Failure error={error} />}
          {done && <p className="status" data-kind="good" role="status"><IconOk />{t('account.changed')}</p>}
          <Group><Button type="submit" disabled={differs || fresh === ''}>{t('account.change')}</Button></Group>
        </Stack>
      </form>
    </Paper>
  );
}

function Otp({ must }: { must: boolean }) {
  const { t } = useTranslation('trial');
  const [offer, setOffer] = useState<{ secret: string; uri: string; qr_svg?: string } | null>(null);
  const [code, setCode] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [done, setDone] = useState(false);
  const act = async (body: () => Promise<void>) => {
    setError(null);
    try { await body(); } catch (e) { setError(e); }
  };
  return (
    <Paper p="lg" className="surface" mb="md">
      <Title order={2} mb="xs">{t('account.otp')}</Title>
      {must && <p className="status" data-kind="warn"><IconWarning />{t('account.mustOtp')}</p>}
      <Text mb="sm" maw="46rem">{t('account.otpText')}</Text>
      {done ? <p className="status" data-kind="good" role="status"><IconOk />{t('account.otpDone')}</p>
        : !offer ? <Button variant="default" onClick={() => void act(async () => setOffer(await account('/api/session/otp', {}) as { secret: string; uri: string; qr_svg?: string }))}>{t('account.otpStart')}</Button>
          : (
            <form onSubmit={(e) => { e.preventDefault(); void act(async () => { await account('/api/session/otp/confirm', { code: code.trim() }); setDone(true); await loadSession(); }); }}>
              <Group align="flex-start" gap="lg">
                {offer.qr_svg && <Svg svg={offer.qr_svg} alt={t('account.qr')} />}
                <Stack gap="sm" maw={420}>
                  <Text>{t('account.otpScan')}</Text>
                  <code className="command">{offer.secret}</code>
                  <TextInput label={t('signIn.otp')} inputMode="numeric" autoComplete="one-time-code" maxLength={8} required value={code} onChange={(e) => setCode(e.currentTarget.value)} />
                  <Group><Button type="submit">{t('account.otpConfirm')}</Button></Group>
                </Stack>
              </Group>
            </form>
          )}
      {error !== null && <Failure error={error} />}
    </Paper>
  );
}

/** One's reminders in a calendar program: an address to subscribe to, told once. */
function Reminders() {
  const { t, i18n } = useTranslation('trial');
  const [url, setUrl] = useState('');
  const [error, setError] = useState<unknown>(null);
  const make = async () => {
    setError(null);
    try { setUrl(new URL(`${(await post<{ url: string }>('/api/calendar')).url}?lang=${i18n.language.split('-')[0]}`, location.origin).href); } catch (e) { setError(e); }
  };
  return (
    <Paper p="lg" className="surface" mb="md">
      <Title order={2} mb="xs">{t('account.calendar')}</Title>
      <Text mb="sm" maw="46rem">{t('account.calendarText')}</Text>
      {url ? <><p className="status" data-kind="good" role="status"><IconOk />{t('account.calendarDone')}</p><code className="command break" data-calendar>{url}</code></>
        : <Button variant="default" onClick={() => void make()}>{t('account.calendarMake')}</Button>}
      {error !== null && <Failure error={error} />}
    </Paper>
  );
}

export function AccountPage() {
  const { t, i18n } = useTranslation('trial');
  const { user, must = [] } = useSession();
  const may = useMay();
  return (
    <Page title={t('account.title')} lede={must.length > 0 ? t('account.first') : undefined}>
      <Paper p="lg" className="surface" mb="md">
        <dl className="facts">
          <div><dt>{t('account.name')}</dt><dd>{user?.full_name ?? user?.name}</dd></div>
          <div><dt>{t('account.user')}</dt><dd>{user?.name}</dd></div>
          <div><dt>{t('account.role')}</dt><dd>{said(user?.role_label ?? user?.role ?? '', i18n.language)}</dd></div>
          <div><dt>{t('account.sites')}</dt><dd>{user?.sites?.length ? user.sites.join(', ') : t('account.allSites')}</dd></div>
        </dl>
        <Button variant="default" mt="md" onClick={() => void signOut()}>{t('account.signOut')}</Button>
      </Paper>
      <Password must={must.includes('password')} />
      <Otp must={must.includes('otp')} />
      {must.length === 0 && may('calendar') && <Reminders />}
    </Page>
  );
}
