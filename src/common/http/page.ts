import { type Type as Class } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { Refusal } from '../../domain/refusal.js';

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;
const CURSOR_LENGTH_MAX = 1000;

/** How much of a list to answer, and from where. */
export class PageQuery {
  @ApiPropertyOptional({
    description: 'How many to answer at the most.',
    type: 'integer',
    minimum: 1,
    maximum: LIMIT_MAX,
    default: LIMIT_DEFAULT,
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(LIMIT_MAX)
  limit: number = LIMIT_DEFAULT;

  @ApiPropertyOptional({ description: 'The `nextCursor` of the page before.', type: String, maxLength: CURSOR_LENGTH_MAX })
  @IsOptional()
  @IsString()
  @Length(1, CURSOR_LENGTH_MAX)
  cursor?: string;
}

export interface Page<Item> {
  readonly data: Item[];
  readonly nextCursor: string | null;
}

/** The class of a page of items, for the contract. */
export function pageOf<Item>(ItemClass: Class<Item>): Class<Page<Item>> {
  class ItemPage implements Page<Item> {
    @ApiProperty({ description: 'Newest first.', type: [ItemClass] })
    data!: Item[];

    @ApiProperty({ description: 'Where the next page begins; null on the last one.', type: String, nullable: true })
    nextCursor!: string | null;
  }
  Object.defineProperty(ItemPage, 'name', { value: `${ItemClass.name}Page` });
  return ItemPage;
}

/** A page out of rows that were fetched with one more than the limit; `key` tells where the next one begins. */
export function page<Row>(rows: readonly Row[], limit: number, key: (row: Row) => readonly string[]): Page<Row> {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? Buffer.from(JSON.stringify(key(last))).toString('base64url') : null;
  return { data, nextCursor };
}

/** @throws Refusal `invalid_cursor` */
export function cursorKey(cursor: string | undefined): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  const parts = parsed(Buffer.from(cursor, 'base64url').toString());
  if (
    !Array.isArray(parts) ||
    parts.length === 0 ||
    !parts.every((part): part is string => typeof part === 'string' && !part.includes('\0'))
  )
    throw new Refusal('invalid', 'invalid_cursor', 'The cursor is not one of ours: send the nextCursor of the last page, or leave it out.');
  return parts;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
