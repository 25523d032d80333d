import { ApiProperty } from '@nestjs/swagger';
import { FieldProblemDto } from '../common/http/problem.js';
import { DATASET_NAMES } from './datasets.js';
import { FILE_STATES, type FileManifest } from './export-files.js';
import { ExportManifestView } from './exports.dto.js';
import { FORMATS } from './formats/formats.js';

export class FileManifestView extends ExportManifestView implements FileManifest {
  @ApiProperty({
    description: 'SHA-256 of the file, in hexadecimal digits.',
    example: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  })
  sha256!: string;

  @ApiProperty({ description: 'Its length.', type: 'integer' })
  bytes!: number;
}

export class ExportFailureView {
  @ApiProperty({ description: 'Why, for programs.', example: 'accounting_mapping_incomplete' })
  code!: string;

  @ApiProperty({ description: 'What to do, for people.' })
  detail!: string;

  @ApiProperty({ description: 'Every field at fault.', type: [FieldProblemDto] })
  errors!: FieldProblemDto[];
}

export class ExportView {
  @ApiProperty({ description: 'Names the export.' })
  id!: string;

  @ApiProperty({ description: 'What is exported.', enum: DATASET_NAMES })
  dataset!: string;

  @ApiProperty({ description: 'The format.', enum: FORMATS })
  format!: string;

  @ApiProperty({ description: 'Where it stands. A failed one was refused: ask for another.', enum: FILE_STATES })
  status!: string;

  @ApiProperty({ description: 'When it was asked for.', format: 'date-time' })
  requestedAt!: string;

  @ApiProperty({ description: 'When it was finished, or refused.', type: String, format: 'date-time', nullable: true })
  finishedAt!: string | null;

  @ApiProperty({ description: 'Until when its file is kept.', type: String, format: 'date-time', nullable: true })
  expiresAt!: string | null;

  @ApiProperty({ description: 'What the file is, once it is finished.', type: FileManifestView, nullable: true })
  manifest!: FileManifestView | null;

  @ApiProperty({ description: 'Why it was refused.', type: ExportFailureView, nullable: true })
  failure!: ExportFailureView | null;
}
