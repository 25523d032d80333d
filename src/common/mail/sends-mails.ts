import { join } from 'node:path';
import type { Config } from '../../config.js';
import { FileSender } from './file-sender.js';
import type { MailSender } from './mail-sender.js';
import { SmtpSender } from './smtp-sender.js';

/** Whether there is somebody to hand mails to: in production, files are nobody. */
export const sendsMails = ({ smtpUrl, production }: Config): boolean => smtpUrl !== undefined || !production;

/** Who sends, by the settings. */
export const senderFor = ({ smtpUrl, mailFrom, dataDir }: Config): MailSender =>
  smtpUrl === undefined ? new FileSender(join(dataDir, 'mail'), mailFrom) : new SmtpSender(smtpUrl, mailFrom);
